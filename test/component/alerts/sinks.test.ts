import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';
import { alertEvent } from '../../../src/alerts/alert-event.ts';
import { eventGridTopic } from '../../../src/alerts/event-grid-topic.ts';
import { logLine } from '../../../src/alerts/log-line.ts';
import { webhook } from '../../../src/alerts/webhook.ts';
import { AuditFault } from '../../../src/audit/fault.ts';
import type { AlertSink } from '../../../src/audit/inventory-ports.ts';
import { type AlertReceiver, isSigned, startAlertReceiver } from '../../builders/alert-receiver.ts';
import { credential } from '../../builders/registry-access.ts';
import { digestOf } from '../../builders/registry-event.ts';
import { alertTime, sampleAlert } from '../../builders/sample-alert.ts';

const secret = 'a secret of sixteen and more';
const now = () => alertTime + 1_234;

let receiver: AlertReceiver;
let tlsReceiver: AlertReceiver;
beforeEach(async () => {
  [receiver, tlsReceiver] = await Promise.all([startAlertReceiver(), startAlertReceiver({ tls: true })]);
});
afterEach(async () => {
  await Promise.all([receiver.close(), tlsReceiver.close()]);
});

const hook = (more: { previousSecret?: string; timeoutMs?: number } = {}) =>
  webhook({ name: 'ops', url: receiver.url, secret, now, ...more });
const topic = () =>
  eventGridTopic({ endpoint: tlsReceiver.url, ca: tlsReceiver.ca, credential: credential('a token') });

async function faultOf(sink: AlertSink): Promise<AuditFault> {
  const fault = await sink.send(sampleAlert()).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(fault instanceof AuditFault)) throw new Error(`no fault: ${String(fault)}`);
  return fault;
}

describe.each([
  ['a webhook', hook, () => receiver],
  ['a topic of Event Grid', topic, () => tlsReceiver],
] as const)('when an alert is sent to %s', (_, sink, to) => {
  it('and taken, that is all', async () => {
    await sink().send(sampleAlert());
    expect(to().received).toHaveLength(1);
  });

  it.each([
    [401, true],
    [403, true],
    [404, true],
    [500, true],
    [400, false],
    [413, false],
  ])('and refused with %i, the fault says whether it may be taken later: %s', async (status, retryable) => {
    to().answer = status;
    expect(await faultOf(sink())).toMatchObject({ retryable, code: expect.stringContaining(String(status)) });
  });

  it('and the connection is cut, it may be taken later', async () => {
    to().answer = (response) => response.destroy();
    expect(await faultOf(sink())).toMatchObject({ retryable: true });
  });
});

describe('when a webhook is posted to', () => {
  it('it gets a CloudEvent that it can check by the secret', async () => {
    await hook().send(sampleAlert());
    const [request] = receiver.received;
    if (request === undefined) throw new Error('nothing came');
    expect(request.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'x-acr-audit-delivery': sampleAlert().id,
    });
    expect(JSON.parse(request.body)).toEqual({
      specversion: '1.0',
      id: sampleAlert().id,
      source: '/acr-audit/contoso.azurecr.io',
      type: 'acr-audit.finding.opened',
      subject: sampleAlert().finding.id,
      time: '2026-05-02T14:00:00.000Z',
      datacontenttype: 'application/json',
      data: {
        id: sampleAlert().finding.id,
        change: 'opened',
        kind: 'DeletedDigestInUse',
        severity: 'critical',
        status: 'open',
        registry: 'contoso.azurecr.io',
        repository: 'team/app',
        digest: digestOf('app'),
        image: `contoso.azurecr.io/team/app@${digestOf('app')}`,
        by: 'acr-audit',
        detail: { workloads: ['aks-prod Deployment shop/web'], deletedAt: '2026-05-02T14:00:00.000Z' },
        remedy: expect.stringContaining('Bring the digest back'),
        firstSeen: '2026-05-02T14:00:00.000Z',
        lastSeen: '2026-05-02T14:00:00.000Z',
      },
    });
    expect(isSigned(request, secret, now())).toBe(true);
    expect(isSigned(request, 'another secret, as long', now())).toBe(false);
    expect(isSigned({ ...request, body: request.body.replace('critical', 'low') }, secret, now())).toBe(
      false,
    );
    expect(isSigned(request, secret, now() + 600_000)).toBe(false);
  });

  it('with two secrets, it can be checked by either', async () => {
    await hook({ previousSecret: 'the secret of the year before' }).send(sampleAlert());
    const [request] = receiver.received;
    if (request === undefined) throw new Error('nothing came');
    expect(isSigned(request, secret, now())).toBe(true);
    expect(isSigned(request, 'the secret of the year before', now())).toBe(true);
  });

  it('a redirect is not followed', async () => {
    receiver.answer = (response) => response.writeHead(307, { location: receiver.url }).end();
    expect(await faultOf(hook())).toMatchObject({ code: 'webhook-307' });
    expect(receiver.received).toHaveLength(1);
  });

  it('and never answers, it is given up in time', async () => {
    receiver.answer = () => {};
    expect(await faultOf(hook({ timeoutMs: 50 }))).toMatchObject({
      code: 'webhook-unreachable',
      retryable: true,
    });
  });

  it('and answers without end, nothing of that is read', async () => {
    receiver.answer = (response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    };
    await hook().send(sampleAlert());
  });

  it('no fault tells its address or its secret', async () => {
    const sink = webhook({ name: 'ops', url: 'http://127.0.0.1:1/private-path?token=abc', secret, now });
    const fault = await faultOf(sink);
    const told = JSON.stringify([fault.message, fault.code, String(fault.cause), fault.stack]);
    expect(told).not.toMatch(/private-path|token=abc|a secret/);
  });
});

describe('when a topic is published to', () => {
  it('it gets a batch of one CloudEvent, by the identity', async () => {
    await topic().send(sampleAlert());
    const [request] = tlsReceiver.received;
    expect(request?.headers).toMatchObject({
      authorization: 'Bearer a token',
      'content-type': expect.stringContaining('application/cloudevents-batch+json'),
    });
    const batch = z.array(z.record(z.string(), z.unknown())).parse(JSON.parse(request?.body ?? ''));
    expect(batch).toEqual([JSON.parse(JSON.stringify(alertEvent(sampleAlert())))]);
  });
});

describe('when texts from outside are in an alert', () => {
  const hostile = `<script>\u202Egnp.exe\u0000\n“”${'x'.repeat(100_000)}`;

  it('they arrive as texts, bounded and without what reorders or breaks them', async () => {
    await hook().send(sampleAlert({ workloads: [hostile, 'web'], deletedBy: hostile }));
    const body = receiver.received[0]?.body ?? '';
    expect(Buffer.byteLength(body)).toBeLessThan(64 * 1024);
    expect(body).not.toMatch(/[\p{Cc}\u202a-\u202e]/u);
    expect(JSON.parse(body).data.detail.deletedBy).toContain('<script>');
  });
});

describe('when an alert is logged', () => {
  it('it is one line of values, as urgent as it is', async () => {
    const lines: [string, string, unknown][] = [];
    const write = (level: string) => (message: string, values: unknown) =>
      void lines.push([level, message, values]);
    const sink = logLine({ info: write('info'), warn: write('warn'), error: write('error') });
    await sink.send(sampleAlert());
    await sink.send({ ...sampleAlert(), change: 'resolved' });
    const { finding } = sampleAlert();
    await sink.send({ ...sampleAlert(), finding: { ...finding, severity: 'medium' } });
    expect(lines.map(([level, message]) => [level, message])).toEqual([
      ['error', 'finding'],
      ['info', 'finding'],
      ['warn', 'finding'],
    ]);
    expect(lines[0]?.[2]).toMatchObject({
      kind: 'DeletedDigestInUse',
      severity: 'critical',
      change: 'opened',
      repository: 'team/app',
      workloads: ['aks-prod Deployment shop/web'],
    });
  });
});
