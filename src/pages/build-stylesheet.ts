import { writeFile } from 'node:fs/promises'
import { compileStylesheet, prebuiltStylesheet } from './stylesheet.ts'

// Run while an image is built: `node src/pages/build-stylesheet.ts`.
await writeFile(prebuiltStylesheet, await compileStylesheet())
