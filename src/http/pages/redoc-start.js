/* global Redoc */

Redoc.init(
  'openapi.json',
  {
    // The search runs in a worker made of a blob, which the page's policy forbids.
    disableSearch: true,
    theme: {
      typography: {
        fontFamily: 'system-ui, sans-serif',
        headings: { fontFamily: 'system-ui, sans-serif' },
        code: { fontFamily: 'ui-monospace, monospace' },
      },
    },
  },
  document.getElementById('redoc'),
);
