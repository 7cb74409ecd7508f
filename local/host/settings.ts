/** App settings by name: the process environment. */
export type Settings = Readonly<Record<string, string | undefined>>;

/**
 * Replaces every `%NAME%` by the app setting of that name. Names that have no setting are reported through
 * `missing` and left as they are.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-expressions-patterns
 */
export function resolveExpressions(
  text: string,
  settings: Settings,
  missing: (name: string) => void,
): string {
  return text.replace(/%([^%\s]+)%/g, (expression, name: string) => {
    const value = settings[name];
    if (value === undefined) missing(name);
    return value ?? expression;
  });
}

/**
 * The storage connection string that a binding's `connection` names. As on Azure, `Foo` may be stored as `Foo`
 * or as `AzureWebJobsFoo`, and no name means `AzureWebJobsStorage`.
 */
export function connectionString(name: string | undefined, settings: Settings): string | undefined {
  const setting = name === undefined || name === '' ? 'AzureWebJobsStorage' : name;
  return settings[`AzureWebJobs${setting}`] ?? settings[setting];
}

/**
 * Whether `AzureWebJobs.NAME.Disabled` (or its form for Linux, with underscores) switches a function off.
 *
 * @see https://learn.microsoft.com/azure/azure-functions/disable-function
 */
export function isDisabled(functionName: string, settings: Settings): boolean {
  const value =
    settings[`AzureWebJobs.${functionName}.Disabled`] ?? settings[`AzureWebJobs_${functionName}_Disabled`];
  return value !== undefined && /^(1|true)$/i.test(value);
}
