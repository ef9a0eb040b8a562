// CodeMirror writes its styles into a <style> element, which the portal's
// Content-Security-Policy forbids. Constructed style sheets are allowed: this
// puts the same modules into one of them. Import it before any editor is made.
import { StyleModule } from "style-mod";

const mounted = new WeakMap(); // root -> { sheet, modules }

// Rules of a later module win over those of an earlier one.
StyleModule.mount = (root, modules) => {
  let set = mounted.get(root);
  if (!set) {
    set = { sheet: new CSSStyleSheet(), modules: [] };
    mounted.set(root, set);
    root.adoptedStyleSheets = [set.sheet, ...root.adoptedStyleSheets];
  }
  const wanted = [modules].flat();
  const added = wanted.filter((m) => !set.modules.includes(m));
  if (added.length === 0) return;
  // As many views as there are share one order: what stands in the list keeps
  // its place, new modules come where they are asked for.
  let at = 0;
  for (const m of wanted) {
    const i = set.modules.indexOf(m);
    if (i >= 0) at = Math.max(at, i + 1);
    else set.modules.splice(at++, 0, m);
  }
  set.sheet.replaceSync(set.modules.map((m) => m.getRules()).join("\n"));
};
