/** Exports: reports and rounds as files. */

export const exportZh = {
  heading: '导出存档',
  formats: {
    docx: 'Word',
    pdf: 'PDF',
    table: '名单（Excel）',
    archive: '全部材料（zip）',
  },
  make: (format: string) => `导出 ${format}`,
  waiting: (format: string) => `${format} 正在排队`,
  making: (format: string, percent: number) => `正在导出 ${format}：${percent}%`,
  download: (format: string) => `下载 ${format}`,
  until: (made: string, until: string) => `${made} 导出，保留到 ${until}`,
  again: '重新导出',
  failed: (format: string, why: string) => `没有导出 ${format}：${why}`,
  note: '每页页脚有您的姓名和导出时间；导出记入审计日志。',
};

export type ExportDictionary = typeof exportZh;
