// Pictures to search by: chosen, pasted or dropped anywhere on the page.

import { toast } from './dom.js';
import { upload } from './service.js';

const LARGEST = 100 * 1024 * 1024; // bytes; the service has its own limit

/** `onpicture(id)` hears of each that the service took, `onwaiting(yes)` while one is on its way. */
export function pictures({ button, input, overlay, onpicture, onwaiting }) {
  async function take(file) {
    if (!file) return;
    if (file.type && !file.type.startsWith('image/')) {
      toast('That is no picture. JPEG, PNG, WebP, AVIF, HEIC, GIF and TIFF can be searched by.');
      return;
    }
    if (file.size > LARGEST) {
      toast('That picture is too large to search by.');
      return;
    }
    onwaiting(true);
    try {
      onpicture((await upload(file)).picture);
    } catch (error) {
      toast(error.message);
    }
    onwaiting(false);
  }

  button.addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    take(input.files[0]);
    input.value = '';
  });
  window.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith('image/'));
    if (!file) return;
    event.preventDefault();
    take(file);
  });
  let over = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
  window.addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    over += 1;
    overlay.hidden = false;
  });
  window.addEventListener('dragleave', () => {
    over = Math.max(0, over - 1);
    if (!over) overlay.hidden = true;
  });
  window.addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault());
  window.addEventListener('drop', (event) => {
    over = 0;
    overlay.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    take([...event.dataTransfer.files].find((one) => !one.type || one.type.startsWith('image/')) ?? event.dataTransfer.files[0]);
  });
}
