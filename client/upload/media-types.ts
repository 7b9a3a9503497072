import { extname } from 'node:path';

const byEnding: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.tsv': 'text/tab-separated-values',
  '.txt': 'text/plain',
  '.json': 'application/json',
  '.ndjson': 'application/x-ndjson',
  '.xml': 'application/xml',
  '.parquet': 'application/vnd.apache.parquet',
  '.dcm': 'application/dicom',
  '.edf': 'application/edf',
  '.vcf': 'text/x-vcf',
  '.gz': 'application/gzip',
  '.zip': 'application/zip',
  '.pdf': 'application/pdf',
};

/** The type of a file by its ending; pipelines declare which types they take. */
export function mediaTypeOf(path: string): string {
  return byEnding[extname(path).toLowerCase()] ?? 'application/octet-stream';
}
