// The shape of a page: all that axe judges by except words and numbers. Two pages of one shape get the same verdict.
// It holds each element with its attributes, whether it has text, is seen, is switched on or scrolls without a stop for
// the keyboard, and which elements name which; of the same things in a row, such as the rows of a table, it holds one.
// Switches that are pressed come apart from the page, for each looks the same wherever it is.
() => {
  const EXACT = /^(class|role|type|style|tabindex|scope|autocomplete|inputmode|target|rel|colspan|rowspan|data-bs-theme)$/;
  const NAMES_OTHERS = /^(for|headers|list|aria-(labelledby|describedby|controls|owns|flowto|details|errormessage|activedescendant))$/;
  const WORDS = /^aria-(label|description|roledescription|valuetext|valuenow|placeholder|braille.*)$/;
  const SAME_IN_ALL = /^(data-type|aria-pressed)$/;
  const ids = new Map();
  for (const each of document.querySelectorAll('[id]')) ids.set(each.id, (ids.get(each.id) ?? 0) + 1);

  const named = (id) => {
    const found = document.getElementById(id);
    return found ? `${found.localName}${found.textContent.trim() ? '+' : ''}` : 'nothing';
  };
  const attribute = ({ name, value }) => {
    if (name === 'id') return `id*${ids.get(value)}`;
    if (NAMES_OTHERS.test(name)) return `${name}>${value.split(/\s+/).map(named)}`;
    if (EXACT.test(name) || (name.startsWith('aria-') && !WORDS.test(name))) return `${name}=${value}`;
    if (name === 'href') return value.startsWith('#') ? `href>${named(decodeURIComponent(value.slice(1)))}` : 'href';
    return value.trim() ? name : `${name}=`;
  };
  const state = (each) => [
    [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()) && 'text',
    each.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && 'seen',
    (each.checked || each.selected) && 'on',
    each.value === '' && 'empty',
    !each.matches('[tabindex]') && (each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight)
      && /auto|scroll/.test(getComputedStyle(each).overflow) && 'scrolled',
  ].filter(Boolean);
  const shape = (each) => {
    const attributes = [...each.attributes].filter(({ name }) => !SAME_IN_ALL.test(name)).map(attribute).sort();
    const children = [...each.children].map(shape).filter((child, place, all) => child !== all[place - 1]);
    return `${each.localName}[${attributes} ${state(each)}](${children.join('')})`;
  };
  const theme = document.documentElement.dataset.bsTheme;
  const pressed = [...document.querySelectorAll('[aria-pressed]')].map(
    (each) => `${theme} ${each.localName}.${each.className} ${each.ariaPressed} ${state(each)}`);
  return [shape(document.documentElement), ...new Set(pressed)];
}
