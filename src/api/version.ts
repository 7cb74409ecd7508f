/** The version of the service and of its command: the package's. */
export const version = '0.1.0';
