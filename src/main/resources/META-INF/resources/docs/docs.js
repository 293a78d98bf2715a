// Nothing is asked of other sites, and a token is forgotten with its page.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  persistAuthorization: false,
  showCommonExtensions: true,
  validatorUrl: null,
});
