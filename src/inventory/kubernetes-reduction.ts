type Json = Readonly<Record<string, unknown>>;

/**
 * An object of a list without what no claim needs: of 100,000 pods, nine tenths. Only fields that have the shape they
 * should have are reduced, so that the reader sees, and tells of, every other.
 */
export function reduced(object: unknown): unknown {
  return changed(object, {
    metadata: (metadata) =>
      changed(metadata, {
        managedFields: gone,
        annotations: (annotations) => changed(annotations, { [lastApplied]: gone }),
      }),
    spec: reducedSpec,
    data: (data) => changed(data, { spec: reducedSpec }),
    status: (status) =>
      changed(status, {
        conditions: (conditions) => each(conditions, ['type', 'status']),
        ...Object.fromEntries(
          statusLists.map((list) => [list, (found) => each(found, ['name', 'imageID', 'volumeMounts'])]),
        ),
      }),
  });
}

const statusLists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'];

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

function reducedSpec(spec: unknown): unknown {
  return changed(spec, {
    ...podSpecChanges,
    template: reducedTemplate,
    jobTemplate: (jobTemplate) =>
      changed(jobTemplate, { spec: (job) => changed(job, { template: reducedTemplate }) }),
  });
}

function reducedTemplate(template: unknown): unknown {
  return changed(template, { spec: (spec) => changed(spec, podSpecChanges) });
}

const podSpecChanges: Readonly<Record<string, Change>> = {
  ...Object.fromEntries(
    ['containers', 'initContainers', 'ephemeralContainers'].map((list) => [
      list,
      (containers: unknown) => each(containers, ['name', 'image']),
    ]),
  ),
  volumes: (volumes) => each(volumes, ['name', 'image']),
  affinity: gone,
  tolerations: gone,
};

function gone(): undefined {
  return undefined;
}

type Change = (value: unknown) => unknown;

function changed(value: unknown, changes: Readonly<Record<string, Change>>): unknown {
  if (!isRecord(value)) return value;
  const entries = Object.entries(value)
    .map(([name, field]) => [name, Object.hasOwn(changes, name) ? changes[name]?.(field) : field] as const)
    .filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries);
}

function each(values: unknown, names: readonly string[]): unknown {
  if (!Array.isArray(values)) return values;
  return values.map((value: unknown) =>
    isRecord(value)
      ? Object.fromEntries(Object.entries(value).filter(([name]) => names.includes(name)))
      : value,
  );
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
