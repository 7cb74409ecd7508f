/** One field of outside data that can't be read. */
export interface FieldProblem {
  /** Dotted path from the outermost object, such as `data.target.digest` or `manifests.0.digest`; `$` for itself. */
  readonly field: string;
  /**
   * What is wrong and the expected form, such as `is 42: expected …`. Text quoted from outside is bounded and free
   * of control characters, but not encoded.
   */
  readonly problem: string;
}
