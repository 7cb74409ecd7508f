import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { witnessWebhook } from '../../../src/alerts/witness-webhook.ts';
import { type AlertReceiver, isSigned, startAlertReceiver } from '../../builders/alert-receiver.ts';

const secret = 'a secret of sixteen and more';
const time = Date.UTC(2026, 4, 2, 14, 3);
const registry = 'contoso.azurecr.io';
const note = `acr-audit/${registry}\n3\nZm9v\n\n— acr-audit/${registry} AAAAAAAA\n`;

let receiver: AlertReceiver;
beforeEach(async () => {
  receiver = await startAlertReceiver();
});
afterEach(() => receiver.close());

const witness = (more: { previousSecret?: string; timeoutMs?: number } = {}) =>
  witnessWebhook({ name: 'notary', url: receiver.url, secret, now: () => time, ...more });

describe('when a checkpoint is posted to a witness', () => {
  it('it comes as a signed CloudEvent, the same for the same checkpoint', async () => {
    await witness().publish(registry, 3, note);
    await witness().publish(registry, 3, note);
    const [first, second] = receiver.received;
    expect(JSON.parse(first?.body ?? '')).toEqual({
      specversion: '1.0',
      id: 'contoso.azurecr.io.checkpoint.3',
      source: '/acr-audit/contoso.azurecr.io',
      type: 'acr-audit.ledger.checkpoint',
      subject: '3',
      time: '2026-05-02T14:03:00.000Z',
      datacontenttype: 'application/json',
      data: { registry, size: 3, note },
    });
    expect(second?.body).toBe(first?.body);
    expect(first?.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'x-acr-audit-delivery': 'contoso.azurecr.io.checkpoint.3',
    });
    if (first === undefined) throw new Error('nothing came');
    expect(isSigned(first, secret, time)).toBe(true);
    expect(isSigned({ ...first, body: first.body.replace('Zm9v', 'Zm8v') }, secret, time)).toBe(false);
    expect(isSigned(first, secret, time + 600_000)).toBe(false);
  });

  it('it is signed by both secrets while receivers change over', async () => {
    await witness({ previousSecret: 'the secret before that one' }).publish(registry, 3, note);
    const [posted] = receiver.received;
    if (posted === undefined) throw new Error('nothing came');
    expect(isSigned(posted, secret, time)).toBe(true);
    expect(isSigned(posted, 'the secret before that one', time)).toBe(true);
  });

  it('and the receiver holds another one, that is a split view', async () => {
    receiver.answer = 409;
    await expect(witness().publish(registry, 3, note)).rejects.toMatchObject({
      code: 'witness-split-view',
      retryable: false,
    });
  });

  it.each([
    [401, true],
    [429, true],
    [503, true],
    [302, true],
    [400, false],
    [413, false],
  ])('and the receiver answers %i, it may be taken later: %s', async (status, retryable) => {
    receiver.answer = status;
    const fault = { code: `witness-${status}`, retryable };
    await expect(witness().publish(registry, 3, note)).rejects.toMatchObject(fault);
  });

  it('and the receiver is silent or away, it may be taken later, and no address is told', async () => {
    receiver.answer = () => {};
    const silent = {
      code: 'webhook-unreachable',
      retryable: true,
      message: expect.not.stringContaining('127'),
    };
    await expect(witness({ timeoutMs: 200 }).publish(registry, 3, note)).rejects.toMatchObject(silent);
  });
});
