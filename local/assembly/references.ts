/** The logical ids that a text of `Fn::Sub` names, without pseudo parameters, literals and attributes. */
export function substituted(text: string): string[] {
  return [...text.matchAll(/\$\{([^!}][^}]*)\}/g)].map((match) => (match[1] ?? '').trim());
}

function attributeTarget(value: unknown): string[] {
  if (typeof value === 'string') return [value.split('.')[0] ?? ''];
  return Array.isArray(value) && typeof value[0] === 'string' ? [value[0]] : [];
}

function subTargets(value: unknown): string[] {
  const [text, variables] = (Array.isArray(value) ? value : [value, {}]) as unknown[];
  if (typeof text !== 'string') return [];
  const own = new Set(Object.keys(variables ?? {}));
  return [
    ...substituted(text)
      .filter((name) => !own.has(name))
      .map((name) => name.split('.')[0] ?? ''),
    ...references(variables),
  ];
}

/**
 * Every logical id and parameter that a value of a template refers to, pseudo parameters left out.
 *
 * The branch of a condition that is not taken counts too: an order that is stricter than needed is still an order.
 */
export function references(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref')
      return typeof inner === 'string' && !inner.startsWith('AWS::') ? [inner] : [];
    if (key === 'Fn::GetAtt') return attributeTarget(inner);
    if (key === 'Fn::Sub') return subTargets(inner).filter((name) => !name.startsWith('AWS::'));
    return references(inner);
  });
}
