import { describe, expect, it } from '@jest/globals';
import type { InventorySource } from '../../src/audit/inventory-ports.ts';
import type { InventoryReading } from '../../src/workloads/claim.ts';

/** A source, and the place that it reads, as a test of the contract wants it to be. */
export interface SourceToTry {
  readonly source: InventorySource;
  /** Images that workloads of the place claim, at least one in each of two parts that can be refused by themselves. */
  readonly images: readonly string[];
  /** Those of them that are told even when the part of {@link refusePart} is refused; neither none nor all. */
  readonly imagesBesideRefused: readonly string[];
  /** Makes the place refuse one part of what is read. */
  refusePart(): void;
  /** Makes the place unreachable. */
  disconnect(): Promise<void>;
  /** Makes the place answer nothing, and takes hold of the first request. */
  fallSilent(): void;
  /** Fills the place with texts that nobody should trust: very long, with control characters, markup and wrong types. */
  turnHostile(): void;
  close(): Promise<void>;
}

/** What {@link InventorySource} promises; a suite to run against every adapter. */
export function defineInventorySourceContract(name: string, setup: () => Promise<SourceToTry>): void {
  async function tried(work: (place: SourceToTry) => Promise<void>): Promise<void> {
    const place = await setup();
    try {
      await work(place);
    } finally {
      await place.close();
    }
  }

  function imagesOf({ claims }: InventoryReading): readonly string[] {
    return [...new Set(claims.map(({ image }) => image))].sort();
  }

  describe(`${name}, as an inventory source`, () => {
    it('when all of it can be read, has no problems', () =>
      tried(async ({ source, images }) => {
        const reading = await source.read();
        expect(reading.problems).toEqual([]);
        expect(imagesOf(reading)).toEqual([...images].sort());
      }));

    it('when it is read again, tells the same', () =>
      tried(async ({ source }) => {
        expect(imagesOf(await source.read())).toEqual(imagesOf(await source.read()));
      }));

    it('when a part is refused, tells the problem beside the rest', () =>
      tried(async ({ source, images, imagesBesideRefused, refusePart }) => {
        expect(imagesBesideRefused.length).toBeGreaterThan(0);
        expect(imagesBesideRefused.length).toBeLessThan(images.length);
        refusePart();
        const reading = await source.read();
        expect(reading.problems).not.toEqual([]);
        expect(imagesOf(reading)).toEqual([...imagesBesideRefused].sort());
      }));

    it('when it cannot be reached, tells problems and throws nothing', () =>
      tried(async ({ source, disconnect }) => {
        await disconnect();
        const reading = await source.read();
        expect(reading.claims).toEqual([]);
        expect(reading.problems).not.toEqual([]);
      }));

    it('when it is aborted before it begins, throws', () =>
      tried(async ({ source }) => {
        await expect(source.read(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
      }));

    it('when it is aborted while it waits, throws', () =>
      tried(async ({ source, fallSilent }) => {
        fallSilent();
        const controller = new AbortController();
        const reading = source.read(controller.signal);
        setImmediate(() => controller.abort(new Error('enough')));
        await expect(reading).rejects.toThrow('enough');
      }));

    it('when it holds hostile texts, tells what is bounded and throws nothing', () =>
      tried(async ({ source, turnHostile }) => {
        turnHostile();
        const { claims, problems } = await source.read();
        expect(problems).not.toEqual([]);
        for (const { workload, image } of claims) {
          expect(image.length).toBeLessThanOrEqual(1_024);
          for (const text of Object.values(workload)) {
            expect(text.length).toBeLessThanOrEqual(1_024);
            expect(text).not.toMatch(/\p{Cc}/u);
          }
        }
        for (const { where, problem } of problems) {
          expect(`${where} ${problem}`.length).toBeLessThanOrEqual(2_048);
          expect(`${where} ${problem}`).not.toMatch(/\p{Cc}/u);
        }
      }));
  });
}
