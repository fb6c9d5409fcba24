"""Tables, one file per aggregate; no rules here. Importing this package registers every table."""

from services.models.account import Account, Grant, Token
from services.models.advance import Advance
from services.models.answer_sheet import AnswerSheet
from services.models.asking import FurtherList
from services.models.audit import AccessRecord, AuditHead, AuditRecord, AuditSeal
from services.models.backup import BackupState
from services.models.case import CancelRequest, Case, Consent, DuplicateVerdict, ReportDraft, ReportImport, ReportNote
from services.models.claim import Claim
from services.models.clock import ClockPolicy, SlaAlert, SlaClock
from services.models.conversation import ClaimMessage, MessageMark
from services.models.cover import Cover, Endorsement, Reservation, RosterImport
from services.models.delivery import DeliveryAttempt, DeliveryEvent, LetterContact
from services.models.disagreement import Disagreement, HandoffOwner
from services.models.exchange import CooperationAct, ExchangeReport, Reconciliation, ReconciliationDifference
from services.models.feed import Bill, FeedFile
from services.models.figures import DayTally, FiguresRefresh, MonthTally, OpenTally, StageVisit
from services.models.forecast import ClaimRisk, ForecastDays
from services.models.handoff import Handoff, InsurerMessage
from services.models.ledger import LedgerClosing, LedgerEntry, LedgerTransaction, MoneyProof, PremiumVoucher
from services.models.moves import MoveTally, ReworkTally, VariantTally
from services.models.notice import Notice, NumberSeries
from services.models.objection import Objection, Receivable, Reopening
from services.models.office_letter import OfficeLetter
from services.models.organisation import FormerKey, Fund, FundAccount, Liaison, Organisation, OrganisationChange
from services.models.original import OriginalRequest
from services.models.outbox import BusinessClockRow, IdempotencyKey, OutboxRow
from services.models.paper import Paper, PaperPage, Supplement
from services.models.payment import BankLine, LineVerdict, Payee, Payment, PaymentRun
from services.models.person import BankCard, FamilyTie, Person, PersonCategory, PersonChange, PersonMerge, Proxy
from services.models.privacy import Disposal, LegalHold, PrivacyRequest
from services.models.reading import (
    FactSource,
    FindingAnswer,
    Invoice,
    PaperField,
    PaperMatch,
    PaperReading,
    UploadSession,
)
from services.models.recount import CalendarVersion, ClockRecount
from services.models.release import BookDraft, Release
from services.models.review import ReviewLook, ReviewStep, StockPhrase, StoodIn
from services.models.settlement import Settlement, SettlementLine, SettlementPart
from services.models.settlement_payment import SettlementPayment, SettlementTelling
from services.models.signin import (
    Credential,
    OidcAttempt,
    OidcSubject,
    PasswordLink,
    RecoveryCode,
    SignInGuard,
    Substitute,
    WebSession,
)
from services.models.stuck import StuckWork, TimetableRun
from services.models.summary import QaItem, QaSample, SummaryLine, SummarySheet
from services.models.window import Hospital, WindowBill, WindowDay, WindowListed, WindowVersion
from services.models.worksheet import Decision, Worksheet

__all__ = [
    "AccessRecord", "Account", "Advance", "AnswerSheet", "AuditHead", "AuditRecord", "AuditSeal", "BackupState", "BankCard", "BankLine",
    "Bill", "BookDraft", "BusinessClockRow", "CalendarVersion", "CancelRequest", "Case", "Claim", "ClaimMessage", "ClaimRisk",
    "ClockPolicy", "ClockRecount", "Consent", "CooperationAct", "Cover", "Credential", "DayTally", "Decision",
    "DeliveryAttempt", "DeliveryEvent", "Disagreement", "Disposal", "DuplicateVerdict", "Endorsement", "ExchangeReport",
    "FactSource", "FamilyTie", "FeedFile", "FiguresRefresh", "FindingAnswer", "ForecastDays", "FormerKey", "Fund",
    "FundAccount", "FurtherList", "Grant", "Handoff", "HandoffOwner", "Hospital", "IdempotencyKey", "InsurerMessage", "Invoice",
    "LedgerClosing", "LedgerEntry", "LedgerTransaction", "LegalHold", "LetterContact", "Liaison", "LineVerdict", "MessageMark",
    "MoneyProof", "MonthTally", "MoveTally", "Notice", "NumberSeries", "Objection", "OfficeLetter", "OidcAttempt",
    "OidcSubject", "OpenTally", "Organisation", "OrganisationChange", "OriginalRequest", "OutboxRow", "Paper", "PaperField",
    "PaperMatch", "PaperPage", "PaperReading", "PasswordLink", "Payee", "Payment", "PaymentRun", "Person", "PersonCategory",
    "PersonChange", "PersonMerge", "PremiumVoucher", "PrivacyRequest", "Proxy", "QaItem", "QaSample", "Receivable",
    "Reconciliation", "ReconciliationDifference", "RecoveryCode", "Release", "Reopening", "ReportDraft", "ReportImport",
    "ReportNote", "Reservation", "ReviewLook", "ReviewStep", "ReworkTally", "RosterImport", "Settlement", "SettlementLine",
    "SettlementPart", "SettlementPayment", "SettlementTelling", "SignInGuard", "SlaAlert", "SlaClock", "StageVisit",
    "StockPhrase", "StoodIn", "StuckWork", "Substitute", "SummaryLine", "SummarySheet", "Supplement", "TimetableRun", "Token",
    "UploadSession", "VariantTally", "WebSession", "WindowBill", "WindowDay", "WindowListed", "WindowVersion", "Worksheet",
]
