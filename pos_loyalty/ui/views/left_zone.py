"""The left zone: one place, six kinds of panel, each made when it is first needed."""

from typing import TypeVar

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QWidget

from pos_loyalty.ui.presenters.counter_screen import (
    CameraPanel,
    IdlePanel,
    LeftPanel,
    ListPanel,
    MemberPanel,
    ReceiptPanel,
    SignUpFields,
    SignUpPanel,
)
from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.views.camera_panel import CameraPanelView
from pos_loyalty.ui.views.idle_panel import IdlePanelView
from pos_loyalty.ui.views.list_panel import ListPanelView
from pos_loyalty.ui.views.member_panel import MemberPanelView
from pos_loyalty.ui.views.receipt_panel import ReceiptPanelView
from pos_loyalty.ui.views.sign_up_panel import SignUpPanelView
from pos_loyalty.ui.views.words import CounterWords
from pos_loyalty.ui.widgets.text_field import TextField

_View = TypeVar("_View", bound=QWidget)


class LeftZone(QWidget):
    """Shows the panel of the state; the others stay hidden."""

    action_pressed = Signal(str)
    reward_pressed = Signal(int)
    row_pressed = Signal(str)
    name_edited = Signal(str)

    def __init__(self, theme: Theme, words: CounterWords, parent: QWidget) -> None:
        """Start without a panel."""
        super().__init__(parent)
        self._theme = theme
        self._words = words
        self._idle: IdlePanelView | None = None
        self._member: MemberPanelView | None = None
        self._sign_up: SignUpPanelView | None = None
        self._list: ListPanelView | None = None
        self._camera: CameraPanelView | None = None
        self._receipt: ReceiptPanelView | None = None
        self._current: QWidget | None = None

    @property
    def current(self) -> QWidget | None:
        """The panel on screen."""
        return self._current

    @property
    def name_field(self) -> TextField | None:
        """The field for the first name, once there was a sign-up."""
        return self._sign_up.name if self._sign_up is not None else None

    def show_panel(self, panel: LeftPanel, fields: SignUpFields | None) -> bool:
        """Show a panel; return whether there are new widgets for the tab order."""
        count_before = len(self.focus_chain())
        view = self._view_of(panel, fields)
        if view is not self._current:
            if self._current is not None:
                self._current.hide()
            self._current = view
            view.setGeometry(QRect(0, 0, self.width(), self.height()))
            view.show()
        return len(self.focus_chain()) > count_before

    def set_frame(self, frame: QImage) -> None:
        """Show a picture of the camera."""
        if self._camera is not None:
            self._camera.set_frame(frame)

    def focus_chain(self) -> list[QWidget]:
        """Return what takes the focus, in order, hidden or not."""
        chain: list[QWidget] = []
        if self._member is not None:
            chain += self._member.rewards
        if self._list is not None:
            chain += [*self._list.pages.all_keys, *self._list.buttons]
        if self._sign_up is not None:
            sign_up = self._sign_up
            chain += [sign_up.name.edit, sign_up.letters, sign_up.consent]
        return chain

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the panel to the zone."""
        super().resizeEvent(event)
        if self._current is not None:
            self._current.setGeometry(QRect(0, 0, self.width(), self.height()))

    def _view_of(self, panel: LeftPanel, fields: SignUpFields | None) -> QWidget:
        """Return the view for a panel, with the panel shown in it."""
        match panel:
            case IdlePanel():
                return self._show_idle(panel)
            case MemberPanel():
                return self._show_member(panel)
            case SignUpPanel():
                return self._show_sign_up(panel, fields)
            case ListPanel():
                return self._show_list(panel)
            case CameraPanel():
                return self._show_camera(panel)
            case ReceiptPanel():
                return self._show_receipt(panel)

    def _show_idle(self, panel: IdlePanel) -> QWidget:
        view = self._idle = self._idle or self._sized(IdlePanelView(self._theme, self))
        view.show_panel(panel)
        return view

    def _show_member(self, panel: MemberPanel) -> QWidget:
        if self._member is None:
            self._member = self._sized(MemberPanelView(self._theme, self._words, self))
            self._member.reward_pressed.connect(self.reward_pressed)
        self._member.show_panel(panel)
        return self._member

    def _show_sign_up(self, panel: SignUpPanel, fields: SignUpFields | None) -> QWidget:
        if self._sign_up is None:
            self._sign_up = self._sized(SignUpPanelView(self._theme, self._words, self))
            self._sign_up.name_edited.connect(self.name_edited)
            self._sign_up.action_pressed.connect(self.action_pressed)
        self._sign_up.show_panel(panel, fields)
        return self._sign_up

    def _show_list(self, panel: ListPanel) -> QWidget:
        if self._list is None:
            self._list = self._sized(ListPanelView(self._theme, self._words, self))
            self._list.row_pressed.connect(self.row_pressed)
            self._list.action_pressed.connect(self.action_pressed)
        self._list.show_panel(panel)
        return self._list

    def _show_camera(self, panel: CameraPanel) -> QWidget:
        view = self._camera = self._camera or self._sized(CameraPanelView(self._theme, self))
        view.show_panel(panel)
        return view

    def _show_receipt(self, panel: ReceiptPanel) -> QWidget:
        view = self._receipt = self._receipt or self._sized(ReceiptPanelView(self._theme, self))
        view.show_panel(panel)
        return view

    def _sized(self, view: _View) -> _View:
        """Give a new panel the size of the zone before it computes with it."""
        view.setGeometry(QRect(0, 0, self.width(), self.height()))
        return view
