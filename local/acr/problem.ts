/** An answer in the registry's error shape; thrown by handlers and written by the server. */
export class RegistryProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    options: { readonly detail?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = 'RegistryProblem';
    this.status = status;
    this.code = code;
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }
}

/** The body of an error answer: `detail` is left out when there is none, as the service does for TAG_UNKNOWN. */
export function problemBody(problem: RegistryProblem): unknown {
  const { code, message, detail } = problem;
  return { errors: [detail === undefined ? { code, message } : { code, message, detail }] };
}

export function repositoryUnknown(name: string): RegistryProblem {
  return new RegistryProblem(404, 'NAME_UNKNOWN', 'repository name not known to registry', {
    detail: { name },
  });
}

export function tagUnknown(): RegistryProblem {
  return new RegistryProblem(404, 'TAG_UNKNOWN', 'the specified tag does not exist');
}

/** Body as quoted in https://github.com/Azure/acr-cli/issues/459. */
export function manifestUnknown(name: string, digest: string): RegistryProblem {
  return new RegistryProblem(404, 'MANIFEST_UNKNOWN', `manifest ${digest} is not found`, {
    detail: { Name: name, Revision: digest },
  });
}

export function manifestTagUnknown(name: string, tag: string): RegistryProblem {
  return new RegistryProblem(404, 'MANIFEST_UNKNOWN', `manifest tagged by "${tag}" is not found`, {
    detail: { Name: name, Tag: tag },
  });
}

/**
 * The refusal of a locked repository, manifest or tag. Body as quoted in
 * https://github.com/Azure/acr-cli/issues/70.
 */
export function disallowedOperation(): RegistryProblem {
  return new RegistryProblem(
    405,
    'REGISTRY_DISALLOWED_OPERATION',
    'The operation is disallowed on this registry, repository or image. View troubleshooting steps at ' +
      'https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation',
    { detail: {} },
  );
}

export function noSuchPath(): RegistryProblem {
  return new RegistryProblem(404, 'NOT_FOUND', 'There is no such path.');
}

export function unsupported(): RegistryProblem {
  return new RegistryProblem(405, 'UNSUPPORTED', 'The operation is unsupported.');
}

export function badRequest(code: string, message: string, detail?: unknown): RegistryProblem {
  return new RegistryProblem(400, code, message, { detail });
}
