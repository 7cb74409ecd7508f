import { alerts } from './alerts.ts';
import { appLoad } from './app-load.ts';
import type { Bench } from './bench.ts';
import { history } from './history.ts';
import { ingest } from './ingest.ts';
import { origins } from './origins.ts';
import { pages } from './pages.ts';
import { reconcile } from './reconcile.ts';
import { retention } from './retention.ts';
import { retentionCheck } from './retention-check.ts';
import { roundTrips } from './round-trips.ts';
import { seal } from './seal.ts';

/** Everything that can be measured, in the order that it is. */
export const benches: readonly Bench[] = [
  {
    name: 'round-trips',
    measures:
      'Requests to Table Storage of each kind of event, and how many wait for one another, counted by a policy in the pipeline of the SDK.',
    limit:
      'the order that keeps history right: announced before told, told before judged, judged before the verdict is recorded. Counts are the same on every machine.',
    run: roundTrips,
  },
  {
    name: 'history',
    measures:
      'What a tag pointed to at a time, and a page of its history, after a thousand to a million pushes, beside the same query by the SDK: over storage that finds rows by their keys, as Azure does.',
    limit:
      'one query. A filter of as-of walks over pushes of what the tag pointed to already: here every other one; a tag that is pushed again and again without moving has more of them.',
    run: history,
  },
  {
    name: 'ingest',
    measures:
      'The whole handler of an event (reading it, canonical JSON, writing) and the SDK alone making the same transactions with rows prepared beforehand, in turns, on one Azurite: 8 senders, half of the pushes of new digests.',
    limit:
      'Azurite, one thread that takes most of the time, so that the rate says little about Azure; the ratios are what is ours.',
    run: ingest,
  },
  {
    name: 'reconcile',
    measures:
      'The comparison of a repository with a history that knows nothing of it, and again when nothing changed, each size a process of its own; and the lists alone, read page by page without doing anything with them.',
    limit:
      'the first by Azurite, which takes thirteen rows a manifest; the second by the lists and by reading what is known, at the speed of the stand-in.',
    run: reconcile,
  },
  {
    name: 'retention',
    measures:
      'Deciding what of a registry goes, half of it in one repository, each size a process of its own.',
    limit: 'one thread, and the memory of the largest repository, which is decided whole.',
    run: retention,
  },
  {
    name: 'retention-check',
    measures:
      'Whether 1,000 images of four repositories may go, over Azurite, and the same queries by the SDK alone.',
    limit:
      'reading all that is known of each repository, 1,000 rows a page; Azurite looks at every row of a table for a query.',
    run: retentionCheck,
  },
  {
    name: 'alerts',
    measures:
      'From the POST of the event that a digest in use was deleted to the arrival of the alert at a webhook, one deletion after the other: the bundle in the embedded host, Azurite, the registry stand-in.',
    limit: 'the round trips to storage one after the other; on Azure a few milliseconds each.',
    run: alerts,
  },
  {
    name: 'seal',
    measures:
      'Sealing over Azurite: our CPU, transactions and bytes of a record; and the files that a proof is read from, of 200 records anywhere in logs of growing sizes.',
    limit:
      'a batch costs eleven transactions and a signature, so few records a batch cost more each; proofs by the height of the tree.',
    run: seal,
  },
  {
    name: 'pages',
    measures:
      'Each page of the dashboard over histories of two lengths, in memory: queries to storage, our own time, bytes.',
    limit: 'what a page shows lies in as many places as it has kinds of evidence.',
    run: pages,
  },
  {
    name: 'origins',
    measures:
      'The pages of the dashboard and what they load, looked through for addresses that a browser fetches or sends forms to.',
    limit:
      'nothing: every page loads one stylesheet, one script and one icon of its own origin, and its policy forbids others.',
    run: origins,
  },
  {
    name: 'app-load',
    measures:
      'CPU of loading the deployed bundle beyond bare Node, as the worker loads it, and what is in it.',
    limit: "the Azure SDKs' own modules; what is seldom needed is a bundle of its own, loaded on demand.",
    run: appLoad,
  },
];
