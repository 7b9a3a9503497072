/**
 * Draws the run graphs of this folder from the recorded runs: `node docs/images/make-run-graphs.ts`.
 *
 * Run it after a change of the drawing, or after test/audit/scenes/record-scenes.ts. A test fails
 * where the pictures are not what it would write.
 */
import { writeFile } from 'node:fs/promises';
import { drawRunGraph } from '../../audit/graph/run-graph.ts';
import { readScene } from '../../test/audit/scenes/read-scene.ts';
import { pictures } from '../../test/audit/scenes/pictures.ts';

for (const { file, scene } of pictures) {
  const { definition, record } = await readScene(scene);
  await writeFile(new URL(file, import.meta.url), drawRunGraph(definition, record));
  console.log(file);
}
