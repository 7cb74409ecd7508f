import type { Place } from './bicep-tokens.ts';

/** An expression of the subset of Bicep that the templates keep to. */
export type Expression = { readonly place: Place } & (
  | { readonly kind: 'string'; readonly parts: readonly (string | Expression)[] }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'object'; readonly properties: readonly Property[] }
  | { readonly kind: 'array'; readonly items: readonly Expression[] }
  | { readonly kind: 'for'; readonly loop: Loop; readonly body: Expression }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'member'; readonly of: Expression; readonly member: string; readonly isSafe: boolean }
  | { readonly kind: 'index'; readonly of: Expression; readonly index: Expression; readonly isSafe: boolean }
  | { readonly kind: 'some'; readonly of: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'negative'; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'ternary';
      readonly condition: Expression;
      readonly whenTrue: Expression;
      readonly whenFalse: Expression;
    }
  | { readonly kind: 'lambda'; readonly parameters: readonly string[]; readonly body: Expression }
);

/** A property of an object: its name, where it is not computed, and its value. */
export interface Property {
  readonly name: string;
  readonly value: Expression;
  readonly place: Place;
}

/** `for item in items:` or `for (item, index) in items:`. */
export interface Loop {
  readonly item: string;
  readonly index?: string;
  readonly items: Expression;
}

export interface Decorator {
  readonly name: string;
  readonly args: readonly Expression[];
}

/** Types that parameters and outputs are declared with. */
export const declaredTypes = ['string', 'int', 'bool', 'object', 'array'] as const;
export type DeclaredType = (typeof declaredTypes)[number];

interface Declared {
  readonly name: string;
  readonly place: Place;
  readonly decorators: readonly Decorator[];
}

/** A resource or module: what is made once, on a condition, or for each of something. */
interface Made extends Declared {
  readonly loop?: Loop;
  readonly condition?: Expression;
  readonly body: Extract<Expression, { kind: 'object' }>;
}

export interface Parameter extends Declared {
  readonly kind: 'param';
  readonly type: DeclaredType;
  readonly otherwise?: Expression;
}

export interface Variable extends Declared {
  readonly kind: 'var';
  readonly value: Expression;
}

export interface Output extends Declared {
  readonly kind: 'output';
  readonly type: DeclaredType;
  readonly value: Expression;
}

export interface Resource extends Made {
  readonly kind: 'resource';
  readonly type: string;
  readonly apiVersion: string;
  readonly isExisting: boolean;
  /** The resource that this one is nested in. */
  readonly within?: string;
}

export interface Module extends Made {
  readonly kind: 'module';
  readonly path: string;
}

export interface Import extends Declared {
  readonly kind: 'import';
  readonly names: readonly string[];
  readonly path: string;
}

export interface Scope {
  readonly kind: 'targetScope';
  readonly scope: string;
  readonly place: Place;
}

export type Statement = Parameter | Variable | Output | Resource | Module | Import | Scope;

/** A file by what it declares, in order. */
export interface BicepFile {
  readonly path: string;
  readonly scope: string;
  readonly statements: readonly Statement[];
}
