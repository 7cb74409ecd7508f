import type { Pattern } from '../registry/pattern.ts';
import type { Claim, ReportedClaim } from './claim.ts';

/** Where the workloads of a namespace belong to, when their source is of several environments. */
export interface NamespaceRule {
  readonly namespaces: Pattern;
  readonly environment?: string;
  readonly owner?: string;
}

/** How a source is reached. */
export type SourceAccess =
  | { readonly type: 'aks'; readonly cluster: string }
  | { readonly type: 'kubeconfig'; readonly file: string; readonly context?: string }
  | {
      readonly type: 'azure';
      readonly subscriptions: readonly string[];
      readonly managementGroups: readonly string[];
    }
  | { readonly type: 'submitted' };

/** A place that is asked which images are used: the name it has in settings, and how long what it said holds. */
export interface Source {
  readonly name: string;
  readonly access: SourceAccess;
  /** Milliseconds after which what it said is too old to conclude from. */
  readonly freshness: number;
  /** The environment of its workloads, where no rule says otherwise. */
  readonly environment?: string;
  readonly rules: readonly NamespaceRule[];
  /** The label, annotation or tag that names who answers for a workload. */
  readonly ownerLabel?: string;
}

/** A reported claim with the environment and owner that its source's settings give it, before what it says of itself. */
export function placed(source: Pick<Source, 'environment' | 'rules'>, claim: ReportedClaim): ReportedClaim {
  const { workload } = claim;
  const rule = source.rules.find(({ namespaces }) => namespaces.matches(workload.namespace ?? ''));
  const environment = rule?.environment ?? source.environment ?? workload.environment;
  const owner = rule?.owner ?? workload.owner;
  return {
    ...claim,
    workload: {
      ...workload,
      ...(environment === undefined ? {} : { environment }),
      ...(owner === undefined ? {} : { owner }),
    },
  };
}

/** A workload as one text: `aks-prod Deployment shop/web container app`. */
export function workloadText({ source, workload }: Pick<Claim, 'source' | 'workload'>): string {
  const { kind, namespace, name, container } = workload;
  const path = namespace === undefined ? name : `${namespace}/${name}`;
  return `${source} ${kind} ${path}${container === undefined ? '' : ` container ${container}`}`;
}
