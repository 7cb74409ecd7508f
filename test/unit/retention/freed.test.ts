import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { freedBytes, type GoingManifest } from '../../../src/retention/freed.ts';
import { digestOf } from '../../builders/retention-content.ts';

const layer = (name: string, size: number) => ({ digest: digestOf(name), size });
const none = new Set<never>();

describe('freedBytes', () => {
  it('when nothing goes, frees nothing', () => {
    expect(freedBytes({ deleted: [], keptLayers: none })).toEqual({ atLeast: 0, atMost: 0 });
    expect(freedBytes({ deleted: [], keptLayers: undefined })).toEqual({ atLeast: 0, atMost: 0 });
  });

  it('when manifests that go share a layer, it counts once', () => {
    const deleted = [
      { size: 1, layers: [layer('base', 100), layer('a', 10)] },
      { size: 2, layers: [layer('base', 100), layer('b', 20), layer('b', 20)] },
    ];
    expect(freedBytes({ deleted, keptLayers: none })).toEqual({ atLeast: 133, atMost: 133 });
  });

  it('when something kept needs a layer, it does not go', () => {
    const deleted = [{ size: 1, layers: [layer('base', 100), layer('a', 10)] }];
    expect(freedBytes({ deleted, keptLayers: new Set([digestOf('base')]) })).toEqual({
      atLeast: 11,
      atMost: 11,
    });
  });

  it('when not all that is kept was read, nothing is certain to go', () => {
    const deleted = [{ size: 1, layers: [layer('base', 100)] }];
    expect(freedBytes({ deleted, keptLayers: undefined })).toEqual({ atLeast: 0, atMost: 101 });
  });

  it('when the layers of something that goes were not read, its size is an upper bound alone', () => {
    const deleted = [{ size: 500 }, { size: 1, layers: [layer('a', 10)] }];
    expect(freedBytes({ deleted, keptLayers: none })).toEqual({ atLeast: 11, atMost: 511 });
  });

  it('when a layer is told in two sizes, the smaller is certain and the larger possible', () => {
    const deleted = [
      { size: 0, layers: [layer('a', 10)] },
      { size: 0, layers: [layer('a', 30)] },
    ];
    expect(freedBytes({ deleted, keptLayers: none })).toEqual({ atLeast: 10, atMost: 30 });
  });

  it('when any manifests go, more of them free no less, and more that is kept frees no more', () => {
    const manifest: fc.Arbitrary<GoingManifest> = fc
      .record({ size: fc.nat(100), names: fc.option(fc.array(fc.nat(5))) })
      .map(({ size, names }) =>
        names === null ? { size } : { size, layers: names.map((name) => layer(`l${name}`, name + 1)) },
      );
    fc.assert(
      fc.property(fc.array(manifest), manifest, fc.array(fc.nat(5)), (deleted, another, kept) => {
        const keptLayers = new Set(kept.map((name) => digestOf(`l${name}`)));
        const freed = freedBytes({ deleted, keptLayers });
        const more = freedBytes({ deleted: [...deleted, another], keptLayers });
        const all = freedBytes({ deleted, keptLayers: none });
        expect(freed.atLeast).toBeLessThanOrEqual(freed.atMost);
        expect(more.atLeast).toBeGreaterThanOrEqual(freed.atLeast);
        expect(more.atMost).toBeGreaterThanOrEqual(freed.atMost);
        expect(freed.atLeast).toBeLessThanOrEqual(all.atLeast);
        expect(freed.atMost).toBeLessThanOrEqual(all.atMost);
        expect(freedBytes({ deleted: deleted.toReversed(), keptLayers })).toEqual(freed);
      }),
    );
  });
});
