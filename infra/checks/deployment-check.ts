import { type BicepFiles, outputsOf, parametersOf } from './file-symbols.ts';

/** A hook or another script, by its path from the root of the repository. */
export interface Script {
  readonly path: string;
  readonly text: string;
}

/** What azd is told besides the templates. */
export interface DeploymentFiles {
  readonly templates: BicepFiles;
  /** The text of `infra/main.parameters.json`. */
  readonly parameters: string;
  readonly scripts: readonly Script[];
  /** Names of environment variables that people set, as the documentation lists them. */
  readonly documented: ReadonlySet<string>;
}

/** Set by azd itself: https://learn.microsoft.com/azure/developer/azure-developer-cli/manage-environment-variables */
const ofAzd: readonly string[] = [
  'AZURE_ENV_NAME',
  'AZURE_LOCATION',
  'AZURE_SUBSCRIPTION_ID',
  'AZURE_TENANT_ID',
];

/** Parameters, scripts and outputs that do not fit together. */
export function checkDeployment(deployment: DeploymentFiles): readonly string[] {
  const { templates, parameters, scripts, documented } = deployment;
  const main = templates.get('main.bicep');
  if (main === undefined) return ['infra/main.bicep is not there'];
  const outputs = new Set(outputsOf(main).map(({ name }) => name));
  const known = new Set([...ofAzd, ...documented]);
  const given = parameterNames(parameters);
  return [
    ...mismatches('infra/main.parameters.json', 'main.bicep', given, templates),
    ...[...variablesOf(parameters)]
      .filter((name) => !known.has(name))
      .map((name) => `infra/main.parameters.json: ${name} is nothing that people or azd set`),
    ...scripts.flatMap(({ path, text }) => [
      ...[...variablesIn(text)]
        .filter((name) => !known.has(name) && !outputs.has(name))
        .map((name) => `${path}: ${name} is no output of main.bicep, and nothing that people or azd set`),
      ...templatesIn(text).flatMap(({ template, names }) => mismatches(path, template, names, templates)),
    ]),
  ];
}

function mismatches(
  path: string,
  template: string,
  given: readonly string[],
  templates: BicepFiles,
): readonly string[] {
  const file = templates.get(template);
  if (file === undefined) return [`${path}: infra/${template} is not there`];
  const taken = parametersOf(file);
  const names = new Set(taken.map(({ name }) => name));
  return [
    ...given.filter((name) => !names.has(name)).map((name) => `${path}: ${template} takes no ${name}`),
    ...taken
      .filter(({ name, otherwise }) => otherwise === undefined && !given.includes(name))
      .map(({ name }) => `${path}: ${template} is not given ${name}`),
  ];
}

function parameterNames(text: string): readonly string[] {
  const file: unknown = JSON.parse(text);
  const isObject = typeof file === 'object' && file !== null && 'parameters' in file;
  return isObject && typeof file.parameters === 'object' && file.parameters !== null
    ? Object.keys(file.parameters)
    : [];
}

/** Variables that the parameters file is filled in from: `${NAME}` or `${NAME=otherwise}`. */
function variablesOf(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/\$\{([A-Z][A-Z0-9_]*)(?:=[^}]*)?\}/g)].map(([, name = '']) => name));
}

/** Variables of the deployment that a script reads, in sh or PowerShell. */
function variablesIn(text: string): ReadonlySet<string> {
  const forms = [
    /\$\{?((?:AZURE|ACR_AUDIT)_[A-Z0-9_]+)/g,
    /\$env:((?:AZURE|ACR_AUDIT)_[A-Z0-9_]+)/g,
    /'((?:AZURE|ACR_AUDIT)_[A-Z0-9_]+)'/g,
  ];
  return new Set(forms.flatMap((form) => [...text.matchAll(form)].map(([, name = '']) => name)));
}

/** Templates that a script deploys, each with the names of the parameters that it gives. */
export function templatesIn(
  text: string,
): readonly { readonly template: string; readonly names: readonly string[] }[] {
  return [
    ...text.matchAll(/--template-file infra\/(\S+)[\s\S]*?--parameters\b([\s\S]*?)--only-show-errors/g),
  ].map(([, template = '', given = '']) => ({
    template,
    names: [...given.matchAll(/^\s*"?([a-z][A-Za-z0-9]*)=/gm)].map(([, name = '']) => name),
  }));
}
