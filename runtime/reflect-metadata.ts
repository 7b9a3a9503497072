/**
 * Stands in for the package reflect-metadata, without which a dependency of @peculiar/x509 (tsyringe)
 * refuses to load. Nothing here injects by the types of constructor parameters, so nothing has to be
 * remembered. Import it before @peculiar/x509.
 */
const nothing = (): undefined => undefined;

for (const name of ['getMetadata', 'getOwnMetadata', 'defineMetadata']) {
  if (!(name in Reflect)) Object.defineProperty(Reflect, name, { value: nothing });
}
