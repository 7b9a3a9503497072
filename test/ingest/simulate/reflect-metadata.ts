/** Stands in for the package of this name, without which a dependency of @peculiar/x509 does not load. */
for (const name of ['getMetadata', 'getOwnMetadata', 'defineMetadata']) {
  if (!(name in Reflect)) Object.defineProperty(Reflect, name, { value: () => undefined });
}
