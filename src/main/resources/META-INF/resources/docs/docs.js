/** A string whole, so that nothing inside it is taken for more; what joins values; and a number or a word as it is written. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** JSON in lines, as JSON.stringify would write it, but with every number in its own digits: JavaScript's would lose some. */
function indented(json) {
  const lines = [];
  let line = "";
  let depth = 0;
  const end = () => {
    lines.push(line);
    line = "  ".repeat(depth);
  };
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === "}" || token === "]") {
      depth -= 1;
      if (/[{[]$/.test(line)) {
        line += token;
        continue;
      }
      end();
    } else if (/[{[]$/.test(line)) {
      end();
    }
    line += token;
    if (token === "{" || token === "[") {
      depth += 1;
    } else if (token === ",") {
      end();
    } else if (token === ":") {
      line += " ";
    }
  }
  return [...lines, line].join("\n");
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Shows what the service answered, where Swagger UI shows what JavaScript makes of it: 123456789012345678.12 as …680. */
const ExactNumbers = () => ({
  wrapComponents: {
    responseBody: (ResponseBody, { React }) =>
      class ExactResponseBody extends React.Component {
        /** One for the life of this, so that it is not built anew each time. */
        HighlightCode = (given) => {
          const { content, contentType, getComponent } = this.props;
          const isExact = typeof content === "string" && /json/i.test(contentType) && isJson(content);
          return React.createElement(getComponent("HighlightCode", true), given, isExact ? indented(content) : given.children);
        };

        render() {
          const { getComponent } = this.props;
          return React.createElement(ResponseBody, {
            ...this.props,
            getComponent: (name, ...more) => (name === "HighlightCode" ? this.HighlightCode : getComponent(name, ...more)),
          });
        }
      },
  },
});

// Nothing is asked of other sites, and a token is forgotten with its page.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  plugins: [ExactNumbers],
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  persistAuthorization: false,
  showCommonExtensions: true,
  validatorUrl: null,
});
