import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, uPlot: "readonly" } },
    rules: {
      "max-len": ["error", 110], "prefer-const": "error", "no-var": "error", eqeqeq: "error",
      semi: "error", quotes: ["error", "double"],
    },
  },
];
