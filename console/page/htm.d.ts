/** As much of htm as is used, as for preact; its own declarations say that it is CommonJS, which it is not in Node. */
declare const htm: {
  bind<Made>(
    make: (type: unknown, props: object, ...children: unknown[]) => Made,
  ): (parts: TemplateStringsArray, ...contents: unknown[]) => Made | Made[];
};
export default htm;
