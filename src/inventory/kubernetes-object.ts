import { type Fields, fieldsOf } from '../registry/fields.ts';
import { noFindings } from '../registry/findings.ts';
import { type Form, freeText, timestampForm } from '../registry/form.ts';
import { cleanFreeText } from '../registry/free-text.ts';
import { present } from '../registry/present.ts';
import type { SentObject } from './kubernetes-lists.ts';
import type { GatheredReading } from './kubernetes-reading.ts';

/** What an owner reference with `controller: true` names. */
export interface ControllerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid?: string;
  readonly group?: string;
}

/** An API object whose metadata was read. Texts are bounded and free of control characters. */
export interface KubernetesObject {
  readonly kind: string;
  /** The API group, empty for the core group; absent when no version was given. */
  readonly group?: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
  readonly controller?: ControllerReference;
  /** Epoch milliseconds by the cluster's clock. */
  readonly createdAt?: number;
  /** The whole object; what cannot be read in it becomes a problem that names it. */
  readonly fields: Fields;
}

/** Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const nameForm: Form<string> = freeText(253);

/** Reads an object's metadata. Never fails: an object without a name still claims its images, beside the problem. */
export function readObject(sent: SentObject, gathered: GatheredReading): KubernetesObject {
  const peeked = fieldsOf(sent.object, '', noFindings()).optionalObject('metadata');
  const kind = cleanFreeText(sent.kind, 100).text;
  // Every kind that is read lives in a namespace, and files leave out the default one.
  const namespace = peeked.optional('namespace', nameForm) ?? 'default';
  const name = peeked.optional('name', nameForm) ?? peeked.optional('generateName', nameForm) ?? '(unnamed)';

  const fields = fieldsOf(sent.object, '', gathered.findingsAt(`${kind} ${namespace}/${name}`));
  const metadata = fields.object('metadata');
  metadata.optional('namespace', nameForm);
  if (metadata.sent('generateName') === undefined) metadata.required('name', nameForm);
  else metadata.optional('name', nameForm);
  return present({
    kind,
    group: groupOf(sent.apiVersion),
    namespace,
    name,
    uid: metadata.optional('uid', nameForm),
    controller: readController(metadata),
    createdAt: metadata.optional('creationTimestamp', timestampForm),
    fields,
  });
}

/** An annotation's text. */
export function annotationOf({ fields }: KubernetesObject, name: string): string | undefined {
  return fields.optionalObject('metadata').optionalObject('annotations').optional(name, nameForm);
}

/** `apps` of `apps/v1`, and the empty text of `v1`. */
export function groupOf(apiVersion: string | undefined): string | undefined {
  if (apiVersion === undefined) return undefined;
  const slash = apiVersion.indexOf('/');
  return cleanFreeText(slash < 0 ? '' : apiVersion.slice(0, slash), 253).text;
}

/** Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/ */
function readController(metadata: Fields): ControllerReference | undefined {
  const reference = metadata
    .objects('ownerReferences')
    .find((candidate) => candidate.sent('controller') === true);
  const kind = reference?.required('kind', freeText(100));
  const name = reference?.required('name', nameForm);
  if (kind === undefined || name === undefined) return undefined;
  return present({
    kind,
    name,
    uid: reference?.optional('uid', nameForm),
    group: groupOf(reference?.optional('apiVersion', freeText(320))),
  });
}
