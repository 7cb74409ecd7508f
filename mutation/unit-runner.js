// Stryker's test runner for the unit tests of a folder of the core: the script that `bundle-tests.js` made is read anew for each
// change, and jest's own runner runs those of its tests that come by the changed place. Its dependencies are loaded once. A
// process for each change, and all tests, would take ten times as long.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { Script } from 'node:vm';
import fastCheck from 'fast-check';
import { addEventHandler, resetState, run } from 'jest-circus';

// What the changed code and Stryker tell each other through:
// https://stryker-mutator.io/docs/stryker-js/guides/create-a-plugin/#using-the-instrumented-code
globalThis.__stryker__ ??= {};
const changed = globalThis.__stryker__;

/** Cases of a property that are tried, and no search for the smallest that fails. */
const mostCases = Number(process.env.MUTATION_CASES ?? 50);
const shortProperties = {
  ...fastCheck,
  assert: (property, parameters) =>
    fastCheck.assert(property, {
      ...parameters,
      numRuns: Math.min(parameters?.numRuns ?? mostCases, mostCases),
      endOnFailure: true,
    }),
};
shortProperties.default = shortProperties;
Object.defineProperty(shortProperties, '__esModule', { value: true });

/** The tests of the present run by their place, which is their id. */
let tests = [];
let isWanted = () => true;

function testsOf(block) {
  return block.children.flatMap((child) => (child.type === 'test' ? [child] : testsOf(child)));
}

addEventHandler((event, state) => {
  if (event.name === 'run_start') {
    tests = testsOf(state.rootDescribeBlock);
    for (const [place, test] of tests.entries()) if (!isWanted(String(place))) test.mode = 'skip';
  }
  if (event.name === 'test_start') changed.currentTestId = String(tests.indexOf(event.test));
  if (event.name === 'test_done') {
    changed.currentTestId = undefined;
    // The first failure is enough.
    if (event.test.errors.length > 0) for (const test of tests) test.mode = 'skip';
  }
});

class UnitRunner {
  async init() {
    const file = resolve('.mutation/tests.cjs');
    const required = createRequire(file);
    this.require = (name) => (name === 'fast-check' ? shortProperties : required(name));
    this.script = new Script(`(function (require, module, exports) {${readFileSync(file, 'utf8')}\n})`, {
      filename: file,
    });
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  /** What failed, and how many tests were run. */
  async tried() {
    resetState();
    const module = { exports: {} };
    this.script.runInThisContext()(this.require, module, module.exports);
    const { testResults, unhandledErrors } = await run();
    const failed = testResults.flatMap(({ errors }, place) => errors.map((error) => ({ place, error })));
    return { testResults, failed, unhandledErrors };
  }

  async dryRun() {
    changed.activeMutant = undefined;
    changed.mutantCoverage = undefined;
    changed.hitCount = undefined;
    isWanted = () => true;
    const { testResults, failed, unhandledErrors } = await this.tried();
    if (failed.length > 0 || unhandledErrors.length > 0) {
      return { status: 'error', errorMessage: String(failed[0]?.error ?? unhandledErrors[0]) };
    }
    const told = testResults.map(({ testPath, duration, status }, place) => ({
      id: String(place),
      name: testPath.slice(1).join(' '),
      timeSpentMs: duration ?? 0,
      status: status === 'done' ? 'success' : 'skipped',
    }));
    return { status: 'complete', tests: told, mutantCoverage: changed.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit }) {
    changed.mutantCoverage = undefined;
    changed.hitCount = hitLimit === undefined ? undefined : 0;
    changed.hitLimit = hitLimit;
    changed.activeMutant = activeMutant.id;
    const wanted = testFilter === undefined ? undefined : new Set(testFilter);
    isWanted = (id) => wanted === undefined || wanted.has(id);
    let outcome;
    try {
      outcome = await this.tried();
    } catch (error) {
      // The scripts could not even be read with the change in them.
      return { status: 'killed', killedBy: ['0'], failureMessage: String(error), nrOfTests: 0 };
    }
    const { testResults, failed, unhandledErrors } = outcome;
    if (hitLimit !== undefined && changed.hitCount > hitLimit) {
      return { status: 'timeout', reason: `Came by more than ${hitLimit} times.` };
    }
    const nrOfTests = wanted?.size ?? testResults.length;
    if (failed.length === 0 && unhandledErrors.length === 0) return { status: 'survived', nrOfTests };
    const [first] = failed;
    return {
      status: 'killed',
      killedBy: [String(first?.place ?? 0)],
      failureMessage: String(first?.error ?? unhandledErrors[0]).slice(0, 500),
      nrOfTests,
    };
  }
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'unit', injectableClass: UnitRunner }];
