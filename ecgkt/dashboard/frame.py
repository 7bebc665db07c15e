"""What every page shares: its title, the notice, and the look."""

from __future__ import annotations

from html import escape

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from ecgkt import NOTICE
from ecgkt.dashboard import address, loading, login
from ecgkt.dashboard.paper import CARD_PX, NARROW_PX, TRUE_SIZE
from ecgkt.dashboard.state import ALL_ROWS, MODEL, READ_FIRST, SAMPLE, STUDY, hold
from ecgkt.errors import EcgktError

STYLE = """
<style>
.block-container {padding: 3.4rem 1.4rem 1.5rem; max-width: none;}
.block-container [data-testid="stVerticalBlock"] {gap: .45rem;}
[data-testid="stSidebar"][data-collapsed="false"] {min-width: 17rem; max-width: 17rem;}
[data-testid="stSidebar"][data-collapsed="true"] {min-width: 0; max-width: 0; overflow: hidden;}
[data-testid="stSidebarContent"] {padding-top: 0;}
[data-testid="stSidebarHeader"] {height: 2.2rem; margin-bottom: 0;}
[data-testid="stSidebarUserContent"] [data-testid="stVerticalBlock"] {gap: .5rem;}
[data-testid="stSidebar"] [data-testid="stWidgetLabel"] {min-height: 0; margin-bottom: 0;}
[data-testid="stSidebar"] [data-testid="stFileUploaderDropzone"] {flex-direction: row; align-items: center;
  padding: .3rem .5rem; min-height: 0; gap: .6rem;}
.ecgkt-notice {position: fixed; top: .62rem; right: 1.4rem; z-index: 1000000; max-width: 70vw; text-align: right;
  font-size: .8rem; line-height: 1.3; pointer-events: none;}
.ecgkt-notice b {font-size: .9rem;}
@media (min-width: 1001px) {
  .ecgkt-line, [data-testid="stLayoutWrapper"]:has(> .st-key-above):not(:has([role="status"])) {display: none;}
}
@media (max-width: 1000px) {
  .ecgkt-notice {position: static; max-width: none; margin-top: .6rem; text-align: left;}
  .block-container [data-testid="stHorizontalBlock"] {flex-wrap: wrap;}
  .block-container [data-testid="stColumn"] {min-width: min(100%, 30rem);}
  [data-testid="stSidebar"][data-collapsed="false"] {position: fixed !important; left: 0; top: 0;
    height: 100% !important; z-index: 1000001; box-shadow: 0 0 1.5rem rgba(0,0,0,.35);}
  [data-testid="stExpandSidebarButton"] {width: auto;}
  [data-testid="stExpandSidebarButton"]::after {content: "Open the side panel"; font-size: .9rem;
    margin: 0 .4rem; white-space: nowrap;}
  .block-container .st-key-strip [data-testid="stHorizontalBlock"] {display: grid;
    grid-template-columns: repeat(3, minmax(0, 1fr));}
  .block-container .st-key-strip [data-testid="stColumn"] {width: auto; min-width: 0;}
  .block-container .st-key-strip [data-testid="stColumn"]:first-child {grid-column: 1 / -1;}
}
@media print {
  @page {size: A4 landscape; margin: 8mm;}
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stStatusWidget"], .st-key-controls, .st-key-turn,
  [data-testid="stExpander"], [data-testid="stCheckbox"], [data-testid="stPopover"],
  .st-key-trust [data-testid="stButton"] {display: none !important;}
  html, body, .stApp, .stApp *, [class*="st-key-"] button {color: #000 !important;
    background-color: transparent !important;}
  .stApp, [data-testid="stAppViewContainer"], [data-testid="stMain"], .block-container {position: static !important;
    overflow: visible !important; height: auto !important; padding: 0 !important; background: #fff !important;}
  .ecgkt-notice {position: static; max-width: none; text-align: left;}
  .ecgkt-sheet {print-color-adjust: exact; -webkit-print-color-adjust: exact;}
  .st-key-paper {break-inside: avoid;}
}
.block-container .st-key-turn {height: 0; margin-top: -.45rem; position: relative; z-index: 5; overflow: visible;}
.st-key-turn p {position: absolute; right: .5rem; bottom: .4rem; padding: .1rem .5rem; background: #fffdfc;
  color: #1a1a1a; border: 1px solid rgba(128,128,128,.5); border-radius: 2px;}
.ecgkt-foot {display: none; font-size: .78rem; line-height: 1.3; margin: 0; padding: .15rem .5rem .3rem;
  color: #1a1a1a;}
@container (max-width: NARROW_PXpx) {.ecgkt-foot {display: block;}}
.ecgkt-title {font-size: 1.15rem; font-weight: 700; margin: 0; padding: 0;}
.ecgkt-case {font-size: .86rem; line-height: 1.35; margin: 0;}
.ecgkt-case b {font-size: 1.02rem; margin-right: .6rem;}
.st-key-paper, .st-key-zoom {border: 1px solid rgba(128,128,128,.35); border-radius: 2px; background: #fffdfc;
  container-type: inline-size;}
.st-key-paper {overflow-x: auto;}
.st-key-paper, .st-key-zoom, .ecgkt-beats {color-scheme: light;}
.block-container .st-key-sheets {display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 700px), 1fr));}
.st-key-sheets > div {min-width: 0; width: auto !important;}
.st-key-other {container-type: inline-size; overflow-x: auto;}
.ecgkt-other, .ecgkt-changes .ecgkt-beats {border: 1px solid rgba(128,128,128,.35); border-radius: 2px;}
.ecgkt-changes {display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: flex-start;}
.ecgkt-changes .ecgkt-beats {flex: 3 1 700px; width: auto; min-width: 0;}
.ecgkt-changes > div {flex: 2 1 360px; max-width: 36rem;}
.ecgkt-sheet, .ecgkt-beats {display: block; width: 100%; height: auto;}
.block-container .st-key-controls {gap: .3rem; align-items: center;}
.st-key-controls button {min-height: 1.9rem; font-size: .82rem; padding-left: .6rem; padding-right: .6rem;}
.st-key-controls .react-aria-ComboBox > [role="group"], .st-key-controls .react-aria-ComboBox input {min-height: 0;
  height: 2rem; font-size: .82rem;}
.ecgkt-measured {width: 100%; border-collapse: collapse; font-size: .82rem; line-height: 1.3;
  font-variant-numeric: tabular-nums;}
.ecgkt-measured caption {text-align: left; font-weight: 700; font-size: .92rem;}
.ecgkt-measured th {text-align: left; font-weight: 400;}
.ecgkt-measured td, .ecgkt-measured thead th {text-align: right; padding-left: .4rem;}
.ecgkt-changes .ecgkt-measured td, .st-key-changes .ecgkt-measured td {white-space: nowrap;}
.block-container .st-key-commit {gap: .6rem; flex-wrap: nowrap;}
.st-key-commit button {font-size: 1.05rem; min-height: 2.6rem; padding: .3rem 1.4rem; white-space: nowrap;}
.st-key-read {border: 1px solid rgba(128,128,128,.35); border-radius: 2px; padding: .35rem .6rem;}
.ecgkt-read {display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; font-size: .86rem; line-height: 1.35;}
.ecgkt-read > div {flex: 1 1 12rem;}
.ecgkt-read p {font-weight: 700; margin: 0;}
.ecgkt-read ul {list-style: none; margin: 0; padding: 0;}
.ecgkt-read li {margin: 0; padding: 0; display: flex; justify-content: space-between; gap: .6rem;
  font-variant-numeric: tabular-nums;}
.ecgkt-measured thead {font-size: .76rem;}
.ecgkt-measured .why td {text-align: left; padding: 0 0 .15rem; font-size: .76rem;}
.block-container [data-testid="stCaptionContainer"] code {font-size: .8rem; color: inherit;}
.ecgkt-measured small {font-size: .76rem;}
.stMultiSelect [data-tag] {background-color: rgba(128,128,128,.25);}
.stMultiSelect [data-tag], .stMultiSelect [data-tag] * {color: inherit;}
.ecgkt-heading {font-size: .92rem; font-weight: 700; margin: 0;}
.ecgkt-basis {font-size: .8rem; line-height: 1.35; margin: 0;}
.block-container [class*="st-key-rows-"] {gap: 2px;}
[class*="st-key-row-"] button, [class*="st-key-miss-"] button {min-height: 0; padding: .08rem .4rem .16rem;
  border-radius: 2px; border: 1px solid transparent; background-repeat: no-repeat; color: inherit;}
[class*="st-key-row-"] button > div, [class*="st-key-row-"] button > div > span,
[class*="st-key-miss-"] button > div, [class*="st-key-miss-"] button > div > span,
[class*="st-key-row-"] button [data-testid="stMarkdownContainer"],
[class*="st-key-miss-"] button [data-testid="stMarkdownContainer"] {width: 100%;}
[class*="st-key-row-"] button p {display: grid; grid-template-columns: minmax(0, 1fr) auto; column-gap: .6rem;
  width: 100%; font-size: .84rem; text-align: left; line-height: 1.2;}
[class*="st-key-row-"] button p strong {font-weight: 600; white-space: nowrap; text-align: right;
  font-variant-numeric: tabular-nums;}
[class*="st-key-row-"] button p span, [class*="st-key-miss-"] button p span {font-size: .72rem !important;
  opacity: .9;}
[class*="st-key-row-"] button p span {overflow: hidden; text-overflow: ellipsis; white-space: nowrap;}
[class*="st-key-row-"] button p span:last-child {text-align: right; font-variant-numeric: tabular-nums;}
[class*="st-key-row-"] button:hover, [class*="st-key-miss-"] button:hover {border-color: currentColor;}
[class*="st-key-row-"] button:focus-visible, [class*="st-key-miss-"] button:focus-visible {
  outline: 2px solid currentColor; outline-offset: 1px;}
.st-key-strip [data-testid="stColumn"]:not(:first-child) {border: 1px solid rgba(128,128,128,.35); border-radius: 2px;
  min-width: 0; align-self: stretch;}
.ecgkt-strip {font-size: .78rem; font-weight: 700; line-height: 1.25; margin: 0;}
[class*="st-key-miss-"] button {align-items: flex-start;}
[class*="st-key-miss-"] button:disabled, [class*="st-key-miss-"] button:disabled * {color: inherit !important;}
[class*="st-key-miss-"] [data-testid="stTooltipHoverTarget"] {width: 100%;}
[class*="st-key-miss-"] button p {display: block; width: 100%; font-size: .78rem; text-align: left;
  line-height: 1.25; white-space: normal;}
[class*="st-key-miss-"] button p strong {font-weight: 600; font-variant-numeric: tabular-nums;}
[class*="st-key-miss-"] button p strong::before {content: "\\A"; white-space: pre;}
</style>
""".replace("NARROW_PX", str(NARROW_PX))


FOLD = """
<script>
if (!window.ecgktFolded && window.innerWidth <= 1000) {
  window.ecgktFolded = true;
  const until = Date.now() + 5000;
  const fold = () => {
    const button = document.querySelector('[data-testid="stSidebarCollapseButton"] button');
    if (button) button.click(); else if (Date.now() < until) setTimeout(fold, 50);
  };
  fold();
}
</script>
"""
"""On a tablet the sidebar begins folded, once a visit, so that the ECG has the width of the screen."""


def page(title: str) -> None:
    """Begin a page: it opens cold, carries the notice and the chosen model's statement, and looks like the others."""
    _through_app()
    login.require()
    address.arrive()
    address.recall(READ_FIRST, (False, True), False)
    hold(CARD_PX, TRUE_SIZE, ALL_ROWS, SAMPLE, STUDY)
    st.set_page_config(page_title=f"{title} · ecgkt", layout="wide", initial_sidebar_state="auto")
    st.html(STYLE)
    notice = f'<div class="ecgkt-notice" role="note"><b>{NOTICE}</b><br>{escape(_statement())}</div>'
    st.html(notice + FOLD, unsafe_allow_javascript=True)
    login.offer_log_out()


def _through_app() -> None:
    """Run the page again through app.py where Streamlit has run it alone.

    Until app.py has called st.navigation once, Streamlit takes a folder named pages/ for its older kind of app, so that
    the first visitor of a page's own address would get it without the navigation.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()


def _statement() -> str:
    """Return what the chosen model's card says of its training data; nothing where there is no model."""
    try:
        found = list(loading.models())
        address.recall(MODEL, found, found[0], "model")
        return loading.card(loading.chosen_model()).statement
    except EcgktError:
        return ""
