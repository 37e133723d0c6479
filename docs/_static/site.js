// The pictures of netlab_magic follow data-jp-theme-light, as JupyterLab sets it; this theme sets data-theme.
const root = document.documentElement;
const tell = () => { root.dataset.jpThemeLight = String(root.dataset.theme !== "dark"); };
new MutationObserver(tell).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
tell();
