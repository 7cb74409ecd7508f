import type { TokenCredential } from '@azure/core-auth';
import { parse } from 'yaml';
import type { InventorySource } from '../audit/inventory-ports.ts';
import { type Fields, fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { textThat } from '../registry/form.ts';
import type { InventoryReading } from '../workloads/claim.ts';
import { clusterCall, parsedJson } from './kubernetes-call.ts';
import { type KubernetesClusterOptions, kubernetesCluster } from './kubernetes-cluster.ts';

export interface AksClusterOptions extends Omit<KubernetesClusterOptions, 'access'> {
  /** `/subscriptions/…/resourceGroups/…/providers/Microsoft.ContainerService/managedClusters/…` */
  readonly resourceId: string;
  /** Asked for tokens of Azure Resource Manager and of the cluster. */
  readonly credential: TokenCredential;
  /** That of the cloud, `https://management.azure.com` unless told. */
  readonly armEndpoint?: string;
  /** Whether the endpoint may be one of `http`, as of a stand-in on this machine. */
  readonly allowInsecureConnection?: boolean;
}

/** Where the API server is, and the authorities that vouch for it, as PEM text. */
interface ClusterAddress {
  readonly server: string;
  readonly ca: string;
}

/** Source: https://learn.microsoft.com/rest/api/aks/managed-clusters/list-cluster-user-credentials */
const apiVersion = '2025-05-01';

/** The application that every AKS cluster with Microsoft Entra ID is an audience of: https://aka.ms/aks/kubelogin. */
const aksScope = '6dae42f8-4368-4678-94ff-3960e28e3630/.default';

const clusterId =
  /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[\p{L}\p{N}._()-]{0,89}[\p{L}\p{N}_()-]\/providers\/Microsoft\.ContainerService\/managedClusters\/[A-Za-z0-9_-]{1,63}$/iu;

/**
 * The workloads of an AKS cluster with Microsoft Entra ID. Of the kubeconfig that Azure gives, only the address and the
 * authority of the API server are used: the identity is the credential's own. Commands are never run in the cluster.
 */
export function aksCluster(options: AksClusterOptions): InventorySource {
  const { resourceId, credential, armEndpoint = 'https://management.azure.com' } = options;
  const { allowInsecureConnection = false } = options;
  const call = clusterCall(options);

  async function tokenFor(scope: string, abortSignal: AbortSignal): Promise<string> {
    const token = await credential.getToken(scope, { abortSignal });
    if (token === null) throw new Error('the identity was given no token');
    return token.token;
  }

  async function locate(signal: AbortSignal): Promise<ClusterAddress | { readonly problem: string }> {
    if (!clusterId.test(resourceId))
      return { problem: 'is not asked for: the resource id is not one of an AKS cluster' };
    const endpoint = armEndpoint.replace(/(?<!\/)\/+$/, '');
    if (!allowInsecureConnection && !endpoint.startsWith('https://')) {
      return { problem: 'is not asked for: the endpoint of Azure is not one of https' };
    }
    const answer = await call(
      {
        method: 'POST',
        url: `${endpoint}${encodeURI(resourceId)}/listClusterUserCredential?api-version=${apiVersion}&format=exec`,
        authorize: async (abort) => ({
          headers: {
            authorization: `Bearer ${await tokenFor(`${endpoint}/.default`, abort)}`,
            'content-length': '0',
          },
        }),
        allowInsecureConnection,
      },
      signal,
    );
    return answer.ok ? readAddress(answer.text) : { problem: answer.problem };
  }

  return {
    async read(signal = new AbortController().signal) {
      signal.throwIfAborted();
      const address = await locate(signal);
      if ('problem' in address) return unread(address.problem);
      const access = { ...address, token: (abort: AbortSignal) => tokenFor(aksScope, abort) };
      return kubernetesCluster({ ...options, access }).read(signal);
    },
  };
}

function unread(problem: string): InventoryReading {
  return { claims: [], problems: [{ where: 'the credential of the cluster', problem }] };
}

/** A kubeconfig of AKS is 10 KB. */
const maxKubeconfigLength = 1024 * 1024;

const base64 = textThat(
  `at most ${maxKubeconfigLength} characters of base64`,
  (text) => text.length <= maxKubeconfigLength && /^[A-Za-z0-9+/=\s]+$/.test(text),
);
const secureAddress = textThat(
  'an https address',
  (text) => URL.canParse(text) && new URL(text).protocol === 'https:',
);

/** Source: https://learn.microsoft.com/rest/api/aks/managed-clusters/list-cluster-user-credentials#credentialresults */
function readAddress(text: string): ClusterAddress | { readonly problem: string } {
  const findings = noFindings();
  const [kubeconfig] = fieldsOf(parsedJson(text), '', findings).objects('kubeconfigs');
  const encoded = kubeconfig?.required('value', base64);
  const address = encoded === undefined ? undefined : readKubeconfig(parsedYaml(decoded(encoded)));
  return (
    address ?? {
      problem: 'was answered by something else than a kubeconfig with a server and its authority',
    }
  );
}

function readKubeconfig(kubeconfig: unknown): ClusterAddress | undefined {
  const fields: Fields = fieldsOf(kubeconfig, '', noFindings());
  const [first] = fields.objects('clusters');
  const cluster = first?.optionalObject('cluster');
  const server = cluster?.optional('server', secureAddress);
  const ca = cluster?.optional('certificate-authority-data', base64);
  return server === undefined || ca === undefined ? undefined : { server, ca: decoded(ca) };
}

function decoded(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}

function parsedYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
