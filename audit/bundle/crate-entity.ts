/** A node of the crate's graph. Values are texts, numbers and references: JSON-LD, flattened. */
export interface Entity {
  readonly '@id': string;
  readonly '@type': string | readonly string[];
  readonly [property: string]: unknown;
}

/** Refers to an entity. */
export const ref = (id: string) => ({ '@id': id });

/** Refers to several. */
export const refs = (entities: readonly Entity[]) => entities.map((each) => ref(each['@id']));
