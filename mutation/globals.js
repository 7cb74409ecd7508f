// What tests import from `@jest/globals`, without jest around it.
import { expect as matchers } from 'expect';
import * as circus from 'jest-circus';

export const { afterAll, afterEach, beforeAll, beforeEach, describe, it, test } = circus;
export const expect = matchers;
