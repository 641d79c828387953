/* global SwaggerUIBundle */

SwaggerUIBundle({
  dom_id: '#swagger-ui',
  url: 'openapi.json',
  deepLinking: true,
  tryItOutEnabled: true,
  // Nothing is told to the validator of swagger.io.
  validatorUrl: null,
});
