// Writes infra/observability/workbook.json from the queries: `npm run workbook`, after one of them was changed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workbookText } from './workbook.ts';

const folder = 'infra/observability';
const text = workbookText((query) => readFileSync(join(folder, 'queries', `${query}.kql`), 'utf8'));
writeFileSync(join(folder, 'workbook.json'), text);
