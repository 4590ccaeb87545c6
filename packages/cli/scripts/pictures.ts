/** Makes the pictures in `docs/simulator` anew: `npx node -C vicinity-source packages/cli/scripts/pictures.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { drawScene, runInit, Scene } from '@vicinity/simulator'
import { gallery, galleryFile, galleryInit } from '../src/simulate/gallery.ts'

const folder = new URL('../../../docs/simulator/', import.meta.url)
mkdirSync(folder, { recursive: true })
for (const run of gallery) {
  const init = galleryInit(run)
  const scenes: Scene[] = []
  runInit(init, {
    began(simulation) {
      scenes.push(new Scene(simulation))
    }
  })
  for (const scene of scenes) {
    const pictures = drawScene(scene.data(), { scenario: init.scenario, seeds: `seed ${init.seed}`, options: init.options })
    for (const [name, picture] of Object.entries(pictures).filter(([each]) => each in run.shown)) {
      const file = new URL(galleryFile(init.scenario, name), folder)
      writeFileSync(file, picture)
      console.log(file.pathname)
    }
  }
}
