import { describe, expect, it } from '@jest/globals';
import { readAlertSettings } from '../../src/alert-settings.ts';

const secret = 'a secret of enough characters';
const topic = 'https://contoso.westeurope-1.eventgrid.azure.net/api/events';
const ops = {
  ACR_AUDIT_ALERT_WEBHOOKS: 'ops=https://ops.contoso.com/alerts',
  ACR_AUDIT_ALERT_WEBHOOK_SECRET_OPS: secret,
};

function read(environment: Readonly<Record<string, string | undefined>>) {
  const problems: string[] = [];
  const settings = readAlertSettings(environment, problems);
  return { settings, problems };
}

const problemsOf = (environment: Readonly<Record<string, string | undefined>>) => read(environment).problems;

describe('when it is told whom alerts are sent to', () => {
  it('nobody is asked for but the log, there are no webhooks and no topic', () => {
    for (const environment of [{}, { ACR_AUDIT_ALERT_TOPIC: '', ACR_AUDIT_ALERT_WEBHOOKS: ' ' }]) {
      expect(read(environment)).toEqual({ settings: { webhooks: [] }, problems: [] });
    }
  });

  it('a topic, and webhooks with the secrets of their names, are read', () => {
    expect(
      read({
        ACR_AUDIT_ALERT_TOPIC: topic,
        ACR_AUDIT_ALERT_WEBHOOKS:
          'ops=https://ops.contoso.com/alerts?team=a=b \n on-call=https://fabrikam.com/hook',
        ACR_AUDIT_ALERT_WEBHOOK_SECRET_OPS: secret,
        ACR_AUDIT_ALERT_WEBHOOK_SECRET_ON_CALL: `${secret}, newer`,
        ACR_AUDIT_ALERT_WEBHOOK_SECRET_ON_CALL_PREVIOUS: `${secret}, older`,
      }),
    ).toEqual({
      settings: {
        topic,
        webhooks: [
          { name: 'ops', url: 'https://ops.contoso.com/alerts?team=a=b', secret },
          {
            name: 'on-call',
            url: 'https://fabrikam.com/hook',
            secret: `${secret}, newer`,
            previousSecret: `${secret}, older`,
          },
        ],
      },
      problems: [],
    });
  });
});

describe('when it cannot be read whom alerts are sent to', () => {
  it.each([
    'contoso',
    'http://contoso.eventgrid.azure.net/api/events',
    'https://key@contoso.eventgrid.azure.net/',
  ])('because the topic is %j, that is said', (address) => {
    expect(problemsOf({ ACR_AUDIT_ALERT_TOPIC: address })).toEqual([
      expect.stringMatching(/^ACR_AUDIT_ALERT_TOPIC is not the https address of a topic/),
    ]);
  });

  it.each([
    'https://ops.contoso.com/alerts',
    '=https://ops.contoso.com/alerts',
    'Ops=https://ops.contoso.com/alerts',
    'ops-=https://ops.contoso.com/alerts',
    'o_p_s=https://ops.contoso.com/alerts',
    `${'o'.repeat(33)}=https://ops.contoso.com/alerts`,
    'log=https://ops.contoso.com/alerts',
    'event-grid=https://ops.contoso.com/alerts',
  ])('because a webhook has no name of its own, as %j, its place is said', (webhook) => {
    const both = { ...ops, ACR_AUDIT_ALERT_WEBHOOKS: `${ops.ACR_AUDIT_ALERT_WEBHOOKS} ${webhook}` };
    expect(problemsOf(both)).toEqual([
      expect.stringMatching(/^ACR_AUDIT_ALERT_WEBHOOKS: number 2 has no name of its own/),
    ]);
  });

  it.each([
    'ops',
    'ops=',
    'ops=ops.contoso.com',
    'ops=http://ops.contoso.com',
    'ops=ftp://ops.contoso.com',
    'ops=https://a:b@ops.contoso.com',
  ])('because a webhook has no safe address, as %j, that is said', (webhook) => {
    expect(problemsOf({ ...ops, ACR_AUDIT_ALERT_WEBHOOKS: webhook })).toEqual([
      expect.stringMatching(/^ACR_AUDIT_ALERT_WEBHOOKS: ops has no https address without a user name/),
    ]);
  });

  it.each([undefined, '', 'fifteen letters'])(
    'because its secret is %j, the setting to mend is named',
    (short) => {
      expect(problemsOf({ ...ops, ACR_AUDIT_ALERT_WEBHOOK_SECRET_OPS: short })).toEqual([
        expect.stringMatching(
          /^ACR_AUDIT_ALERT_WEBHOOK_SECRET_OPS is missing, or shorter than 16 characters/,
        ),
      ]);
    },
  );

  it('because the secret before is short, it is refused as the newer would be: alerts are signed by it too', () => {
    const changing = { ...ops, ACR_AUDIT_ALERT_WEBHOOK_SECRET_OPS_PREVIOUS: 'fifteen letters' };
    expect(problemsOf(changing)).toEqual([
      'ACR_AUDIT_ALERT_WEBHOOK_SECRET_OPS_PREVIOUS is shorter than 16 characters: ops is signed by it too',
    ]);
  });

  it('because a name is given twice, that is said once', () => {
    const twice = ['a', 'b', 'c'].map((path) => `ops=https://ops.contoso.com/${path}`).join(' ');
    expect(problemsOf({ ...ops, ACR_AUDIT_ALERT_WEBHOOKS: twice })).toEqual([
      'ACR_AUDIT_ALERT_WEBHOOKS names ops more than once',
    ]);
  });

  it('all problems are said at once, and neither addresses nor secrets are repeated', () => {
    const problems = problemsOf({
      ACR_AUDIT_ALERT_TOPIC: 'http://hidden-topic.example',
      ACR_AUDIT_ALERT_WEBHOOKS:
        'ops=http://hidden-address.example hidden=x=https://user:hidden-password@fabrikam.com Hidden-Name=x',
      ACR_AUDIT_ALERT_WEBHOOK_SECRET_OPS: 'hidden-secret',
      ACR_AUDIT_ALERT_WEBHOOK_SECRET_HIDDEN: secret,
    });
    expect(problems).toHaveLength(5);
    expect(problems.join('\n')).not.toMatch(/hidden-|Hidden-|enough characters/);
  });
});

describe('when webhooks are on this machine', () => {
  const local = ['http://127.0.0.1:7071/hook', 'http://localhost:7071/hook', 'http://[::1]:7071/hook'];

  it.each(local)('%s is taken while developing, and only then', (url) => {
    const webhook = { ...ops, ACR_AUDIT_ALERT_WEBHOOKS: `ops=${url}` };
    expect(problemsOf({ ...webhook, ACR_AUDIT_AUTH: 'development' })).toEqual([]);
    expect(problemsOf(webhook)).toHaveLength(1);
  });

  it.each(['http://ops.contoso.com', 'http://localhost.contoso.com', 'http://127.0.0.1.nip.io'])(
    '%s is not on this machine, and refused also while developing',
    (url) => {
      const webhook = { ...ops, ACR_AUDIT_ALERT_WEBHOOKS: `ops=${url}`, ACR_AUDIT_AUTH: 'development' };
      expect(problemsOf(webhook)).toHaveLength(1);
    },
  );

  it('a topic is in Azure also while developing', () => {
    expect(
      problemsOf({ ACR_AUDIT_ALERT_TOPIC: 'http://localhost:7071', ACR_AUDIT_AUTH: 'development' }),
    ).toHaveLength(1);
  });
});
