import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// Where `npm run dev` finds the API: a running `huibao up`, whose `public_url` is the address of these pages.
const api = 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  // Relative: the pages may lie below any path of a host.
  base: './',
  build: {
    // WeChat's Android browser follows Chromium a few years behind.
    target: ['chrome87', 'safari14', 'firefox90'],
    // The pages are served under a Content-Security-Policy: nothing inline, everything from a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: ['index.html', 'docs.html'] },
    // That of the API's description, which nobody else loads.
    chunkSizeWarningLimit: 2000,
  },
  server: { proxy: { '/api': api } },
});
