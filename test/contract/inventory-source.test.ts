import { startKubernetes } from '../../local/kubernetes/kubernetes-server.ts';
import { defineInventorySourceContract } from '../builders/inventory-source-contract.ts';
import { accessToCluster } from '../builders/kubernetes-access.ts';

defineInventorySourceContract('a Kubernetes cluster', async () => {
  const cluster = await startKubernetes();
  const digest = `sha256:${'a'.repeat(64)}`;
  cluster.deploy({ namespace: 'shop', name: 'web', image: 'contoso.azurecr.io/web:1', digest });
  cluster.put('cronjobs', {
    metadata: { namespace: 'shop', name: 'nightly' },
    spec: {
      jobTemplate: {
        spec: {
          template: { spec: { containers: [{ name: 'app', image: 'contoso.azurecr.io/nightly:1' }] } },
        },
      },
    },
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= cluster.close();
    return closing;
  };
  return {
    source: accessToCluster(cluster).source,
    images: ['contoso.azurecr.io/web:1', 'contoso.azurecr.io/nightly:1'],
    imagesBesideRefused: ['contoso.azurecr.io/web:1'],
    refusePart: () => cluster.fail('cronjobs', 'forbidden'),
    disconnect: close,
    fallSilent: () => cluster.fail('pods', 'silent'),
    turnHostile() {
      const names = [
        '\u0000\u001b[31m',
        '<script>alert(1)</script>',
        '\u202Eexe',
        'x'.repeat(100_000),
        '\uD800',
      ];
      for (const [index, text] of names.entries()) {
        cluster.put('pods', {
          metadata: { namespace: text, name: `${index}${text}`, labels: { owner: text } },
          spec: {
            containers: [
              { name: text, image: text },
              { name: 7, image: { text } },
            ],
          },
          status: { phase: text, containerStatuses: [{ name: text, imageID: text }] },
        });
        cluster.put('deployments', {
          metadata: { namespace: 'a', name: `d${index}` },
          spec: { template: text },
        });
      }
    },
    close,
  };
});
