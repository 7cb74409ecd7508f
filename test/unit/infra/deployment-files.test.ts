import { existsSync, globSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { fromJSONSchema } from 'zod';
import * as z from 'zod/mini';
import {
  checkDeployment,
  type DeploymentFiles,
  templatesIn,
} from '../../../infra/checks/deployment-check.ts';
import { modulesOf, outputsOf, propertyOf, resourcesOf } from '../../../infra/checks/file-symbols.ts';
import { parseTemplates } from '../../../infra/checks/template-check.ts';
import { roles as appRoles } from '../../../src/api/principal.ts';
import { templateTexts, textOf } from './infra-files.ts';

const texts = templateTexts();
const templates = parseTemplates(texts);
const scriptPaths = globSync('infra/**/*.{sh,ps1}').sort();
const guide = textOf('docs/deployment.md');

/** Environment variables of the tables of the guide. */
const documented = new Set(
  [...guide.matchAll(/^\| `((?:AZURE|ACR_AUDIT)_[A-Z0-9_]+)`/gm)].map(([, name = '']) => name),
);
const deployment: DeploymentFiles = {
  templates,
  parameters: textOf('infra/main.parameters.json'),
  scripts: scriptPaths.map((path) => ({ path, text: textOf(path) })),
  documented,
};

function withScript(path: string, was: string, becomes: string): DeploymentFiles {
  const scripts = deployment.scripts.map((script) =>
    script.path === path ? { path, text: script.text.replace(was, () => becomes) } : script,
  );
  expect(scripts).not.toEqual(deployment.scripts);
  return { ...deployment, scripts };
}

function withMain(was: string, becomes: string): DeploymentFiles {
  const text = texts.get('main.bicep') ?? '';
  expect(text).toContain(was);
  return {
    ...deployment,
    templates: parseTemplates(new Map([...texts, ['main.bicep', text.replace(was, () => becomes)]])),
  };
}

describe('parameters, outputs and scripts', () => {
  it('when they are read as they are, they fit together', () => {
    expect(scriptPaths.length).toBeGreaterThanOrEqual(10);
    expect(checkDeployment(deployment)).toEqual([]);
  });

  it('when an output that a script reads is misspelt, it is found', () => {
    const found = checkDeployment(
      withMain('output ACR_AUDIT_EVENT_SUBSCRIPTION', 'output ACR_AUDIT_EVENTS_SUBSCRIPTION'),
    );
    expect(found).toContain(
      'infra/hooks/predown.sh: ACR_AUDIT_EVENT_SUBSCRIPTION is no output of main.bicep, and nothing that people or azd set',
    );
    expect(found).toContainEqual(
      expect.stringContaining('infra/hooks/predown.ps1: ACR_AUDIT_EVENT_SUBSCRIPTION'),
    );
  });

  it('when a hook misspells an output, it is found', () => {
    const found = checkDeployment(
      withScript('infra/hooks/postdeploy.sh', 'ACR_AUDIT_APP_HOST', 'ACR_AUDIT_APP_HOSTNAME'),
    );
    expect(found).toEqual([
      expect.stringContaining('infra/hooks/postdeploy.sh: ACR_AUDIT_APP_HOSTNAME is no output'),
    ]);
  });

  it('when a parameter of a template has another name, both kinds of hook are found wrong', () => {
    const text = (texts.get('events.bicep') ?? '').replaceAll('existingTopics', 'knownTopics');
    const changed = { ...deployment, templates: parseTemplates(new Map([...texts, ['events.bicep', text]])) };
    expect(checkDeployment(changed)).toEqual([
      'infra/hooks/postdeploy.ps1: events.bicep takes no existingTopics',
      'infra/hooks/postdeploy.sh: events.bicep takes no existingTopics',
    ]);
  });

  it('when a hook leaves out what a template needs, it is found', () => {
    const line = '      registryIds="$ACR_AUDIT_REGISTRY_IDS" \\\n';
    expect(checkDeployment(withScript('infra/hooks/preprovision.sh', line, ''))).toEqual([
      'infra/hooks/preprovision.sh: foundation.bicep is not given registryIds',
    ]);
  });

  it('when the parameters file names a parameter that there is not, it is found', () => {
    const parameters = deployment.parameters.replace('"logDays"', '"logsDays"');
    expect(checkDeployment({ ...deployment, parameters })).toEqual([
      'infra/main.parameters.json: main.bicep takes no logsDays',
    ]);
  });

  it('when the hooks of both shells are compared, each template is given the same by both', () => {
    for (const name of ['preprovision', 'postdeploy']) {
      const inSh = templatesIn(textOf(`infra/hooks/${name}.sh`));
      expect(inSh.flatMap(({ names }) => names).length).toBeGreaterThan(5);
      expect(templatesIn(textOf(`infra/hooks/${name}.ps1`))).toEqual(inSh);
    }
  });
});

const hook = z.object({ shell: z.enum(['sh', 'pwsh']), run: z.string() });
const hooks = z.record(z.string(), z.strictObject({ posix: hook, windows: hook }));
const azureYaml = z.object({
  infra: z.object({ provider: z.literal('bicep'), path: z.literal('infra'), module: z.literal('main') }),
  services: z.strictObject({
    app: z.object({ project: z.string(), language: z.string(), host: z.literal('function'), hooks }),
  }),
  hooks,
});

describe('azure.yaml', () => {
  const project = azureYaml.parse(parse(textOf('azure.yaml')));

  it('when its hooks are followed, each is a file that is there, for both kinds of system', () => {
    expect(Object.keys(project.hooks).sort()).toEqual(['postdeploy', 'predown', 'preprovision']);
    for (const { posix, windows } of Object.values(project.hooks)) {
      expect([posix.shell, windows.shell]).toEqual(['sh', 'pwsh']);
      expect([posix.run, windows.run].map((path) => existsSync(path))).toEqual([true, true]);
      expect(windows.run).toBe(posix.run.replace(/\.sh$/, '.ps1'));
    }
  });

  it('when its service is looked for in the templates, one site is tagged with its name', () => {
    const tags = [...texts.values()].flatMap((text) => [...text.matchAll(/'azd-service-name': '(\w+)'/g)]);
    expect(tags.map(([, name]) => name)).toEqual(Object.keys(project.services));
  });
});

describe('what azd deletes', () => {
  const main = templates.get('main.bicep');

  it('when azd takes down what it deployed, that is in the group it made alone', () => {
    if (main === undefined) throw new Error('main.bicep is not there');
    // Every group that a deployment of azd's touches is deleted whole: https://github.com/Azure/azure-dev/issues/2916
    for (const { name, body } of modulesOf(main)) {
      expect([name, propertyOf(body, 'scope')]).toEqual([
        name,
        expect.objectContaining({ kind: 'name', name: 'group' }),
      ]);
    }
    const made = resourcesOf(main).filter(({ isExisting }) => !isExisting);
    expect(made.map(({ name }) => name)).toEqual(['group']);
  });

  it('when the group of the evidence is looked at, nothing tells azd that it is its own', () => {
    const text = [...texts].filter(([path]) => path.startsWith('foundation')).map(([, each]) => each);
    expect(text.join('\n').replace(/\/\/.*$/gm, '')).not.toContain('azd-');
  });
});

describe('names that several templates share', () => {
  const declared = (path: string, name: string) =>
    new RegExp(`^var ${name} = (.*)$`, 'm').exec(texts.get(path) ?? '')?.[1];

  it('when each derives them, it does so in the same way', () => {
    for (const name of ['token', 'registries', 'evidenceGroup']) {
      const found = ['foundation.bicep', 'main.bicep', 'events.bicep'].map((path) => declared(path, name));
      expect(new Set(found.filter((each) => each !== undefined)).size).toBe(1);
    }
  });

  it('when one refers to what another deployment made, that made a resource of this name', () => {
    const quoted = /^ {2}name: ('[^\n]*')$/m;
    const blocks = (text: string, existing: boolean) =>
      [...text.matchAll(/^resource \w+ '([^'@]+)@[^']+'( existing)? = [^\n]*\n([\s\S]*?)\n\}/gm)]
        .filter(([, , isExisting]) => (isExisting !== undefined) === existing)
        .map(([, type, , body = '']) => `${type} ${quoted.exec(body)?.[1] ?? ''}`);
    const made = [...texts.values()].flatMap((text) => blocks(text, false));
    const referred = ['main.bicep', 'events.bicep'].flatMap((path) => blocks(texts.get(path) ?? '', true));
    const named = referred.filter((each) => each.includes("'"));
    expect(named.length).toBeGreaterThan(7);
    expect(named.filter((each) => !made.includes(each))).toEqual([]);
  });

  it('when the event subscription is named, it is as predown is told', () => {
    const output = outputsOf(templates.get('main.bicep') ?? { path: '', scope: '', statements: [] });
    expect(output.map(({ name }) => name)).toContain('ACR_AUDIT_EVENT_SUBSCRIPTION');
    const name = /output ACR_AUDIT_EVENT_SUBSCRIPTION string = (.*)/.exec(texts.get('main.bicep') ?? '')?.[1];
    expect(texts.get('events.bicep')).toContain(`subscriptionName: ${name}\n`);
  });
});

/** Settings that the code reads and that are deliberately not set in Azure. */
const notInAzure = new Set([
  // Connection strings and stand-ins are for one machine.
  'AuditStorage',
  'ACR_AUDIT_AUTH',
  'ACR_AUDIT_REGISTRY_TOKEN',
  'ACR_AUDIT_LEDGER_KEY_FILE',
  'ACR_AUDIT_LEDGER_FORMER_KEY_FILE',
  'ACR_AUDIT_LEDGER_WITNESS_FOLDER',
  'ACR_AUDIT_PRIVACY_KEY_FILE',
  // Set by the platform.
  'WEBSITE_AUTH_ENABLED',
  'WEBSITE_INSTANCE_ID',
  'WEBSITE_SITE_NAME',
  'CONTAINER_APP_NAME',
  'AzureWebJobsScriptRoot',
]);

describe('the settings of the app', () => {
  const app = texts.get('app/function-app.bicep') ?? '';
  const set = new Set(
    [...(/var settings = \{([\s\S]*?)\n\}/.exec(app)?.[1] ?? '').matchAll(/^ {2}(\w+):/gm)].map(
      ([, name = '']) => name,
    ),
  );

  it('when the code reads one, it is set', () => {
    const code = globSync(['src/*settings.ts', 'src/main*.ts']).map(textOf).join('\n');
    const read = [...code.matchAll(/(?:environment|process\.env)\['(\w+)'\]/g)].map(([, name = '']) => name);
    expect(read.length).toBeGreaterThan(10);
    expect(read.filter((name) => !set.has(name) && !notInAzure.has(name))).toEqual([]);
    for (const service of ['table', 'queue', 'blob'])
      expect(set).toContain(`AuditStorage__${service}ServiceUri`);
    expect(set).toContain('ACR_AUDIT_LEDGER_SIGNING_KEY');
    expect(set).toContain('ACR_AUDIT_LEDGER_WITNESS_CONTAINER');
  });

  it('when Flex Consumption refuses one, or it is for one machine, it is not set', () => {
    // https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations
    const refused = [
      'FUNCTIONS_EXTENSION_VERSION',
      'FUNCTIONS_WORKER_RUNTIME',
      'FUNCTIONS_WORKER_RUNTIME_VERSION',
      'WEBSITE_NODE_DEFAULT_VERSION',
      'WEBSITE_RUN_FROM_PACKAGE',
      'WEBSITE_CONTENTAZUREFILECONNECTIONSTRING',
      'SCM_DO_BUILD_DURING_DEPLOYMENT',
      'ENABLE_ORYX_BUILD',
      'AzureWebJobsStorage',
      'AuditStorage',
      'ACR_AUDIT_AUTH',
      'ACR_AUDIT_REGISTRY_TOKEN',
    ];
    expect(refused.filter((name) => set.has(name))).toEqual([]);
  });

  it('when containers are named, they are those of the code', () => {
    const storage = texts.get('foundation/evidence-storage.bicep') ?? '';
    for (const file of ['dead-letters', 'leases', 'plans']) {
      const code = textOf(`src/storage/${file}.ts`);
      const names = [
        ...code.matchAll(/(?:waiting|done|quarantine|leasesContainer|plansContainer)(?: =|:) '([a-z-]+)'/g),
      ];
      expect(names.length).toBeGreaterThan(0);
      for (const [, name = ''] of names) expect(storage).toContain(`'${name}'`);
    }
    expect(textOf('src/functions/registry-events-queue.ts')).toContain("'registry-events'");
  });
});

describe('app roles', () => {
  it('when they are listed for Entra ID, they are those of the code', () => {
    const role = z.object({
      id: z.guid(),
      value: z.string(),
      allowedMemberTypes: z.array(z.string()),
      isEnabled: z.literal(true),
    });
    const listed = z.array(role).parse(JSON.parse(textOf('infra/app-roles.json')));
    expect(listed.map(({ value }) => value)).toEqual([...appRoles]);
    expect(new Set(listed.map(({ id }) => id)).size).toBe(appRoles.length);
  });
});

describe('host.json', () => {
  const schema = fromJSONSchema(
    z.record(z.string(), z.json()).parse(JSON.parse(textOf('test/unit/infra/facts/host.schema.json'))),
  );
  const host: unknown = JSON.parse(textOf('host.json'));

  it('when it is held to the schema, it is right', () => {
    expect(schema.safeParse(host)).toMatchObject({ success: true });
  });

  it.each([
    ['"maxDequeueCount"', '"maxDequeCount"'],
    ['"00:30:00"', '"30 minutes"'],
    ['"2.0"', '"3.0"'],
    ['Request;Trace', 'Requests;Trace'],
    ['"isEnabled": true', '"isEnabled": "true"'],
  ])('when it has %s as %s, that is found', (was, becomes) => {
    const text = textOf('host.json');
    expect(text).toContain(was);
    expect(schema.safeParse(JSON.parse(text.replace(was, becomes)))).toMatchObject({ success: false });
  });
});
