import type { ExportDictionary } from './export.zh';

export const exportEn: ExportDictionary = {
  heading: 'Export for the file',
  formats: {
    docx: 'Word',
    pdf: 'PDF',
    table: 'list (Excel)',
    archive: 'all reports (zip)',
  },
  make: (format) => `Export ${format}`,
  waiting: (format) => `${format} is waiting for a worker`,
  making: (format, percent) => `Exporting ${format}: ${percent}%`,
  download: (format) => `Download ${format}`,
  until: (made, until) => `exported ${made}, kept until ${until}`,
  again: 'Export again',
  failed: (format, why) => `${format} was not exported: ${why}`,
  note: 'Each page shows your name and when it was exported, and the export is in the audit log.',
};
