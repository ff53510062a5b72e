// The page at /api/docs: the description of the interface, to read and to try.
import 'swagger-ui-dist/swagger-ui.css';
import SwaggerUIBundle from 'swagger-ui-dist/swagger-ui-es-bundle.js';

SwaggerUIBundle({
  // From /api/docs, which may lie below something else.
  url: 'v1/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  // Nothing is asked of another host.
  validatorUrl: null,
});
