/** Names of repositories, in the order of their keys, and whether they are all. */
export interface NamePage {
  readonly items: readonly string[];
  readonly isMore: boolean;
}

/** Lists the repositories of a registry that have anything recorded, by few queries. */
export interface RepositoryNames {
  /**
   * At most `limit`, after one where it is given. Those of a registry that was compared are the ones that comparisons know and
   * those of its newest changes; of one that never was, each costs a query, and a page is shorter.
   */
  page(registry: string, limit: number, after?: string): Promise<NamePage>;
  /** Those that comparisons know, up to a thousand, by one query. */
  compared(registry: string): Promise<NamePage>;
}
