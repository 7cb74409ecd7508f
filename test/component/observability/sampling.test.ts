import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as z from 'zod/mini';

const host = z
  .object({
    telemetryMode: z.optional(z.string()),
    logging: z.object({
      logLevel: z.record(z.string(), z.string()),
      applicationInsights: z.object({ samplingSettings: z.object({ excludedTypes: z.string() }) }),
    }),
  })
  .parse(JSON.parse(readFileSync('host.json', 'utf8')));

describe('host.json', () => {
  it('when telemetry is sampled, no line, no invocation and no fault is left out', () => {
    // https://learn.microsoft.com/azure/azure-functions/functions-host-json#applicationinsightssamplingsettings
    const excluded = host.logging.applicationInsights.samplingSettings.excludedTypes.split(';');
    expect(excluded.sort()).toEqual(['Exception', 'Request', 'Trace']);
    // Another mode has another sampling: https://learn.microsoft.com/azure/azure-functions/opentelemetry-howto
    expect(host.telemetryMode).toBeUndefined();
  });

  it('when lines are filtered by level, the least of ours is let through', () => {
    expect(host.logging.logLevel).toEqual({ default: 'Information' });
  });
});
