"""The progress page in English."""

WORDS = {
    "lang": "en", "title": "Where is my claim?", "office": "Workers' Mutual Aid", "other": "中文", "other_code": "zh",
    "intro": "With the claim number and the code you can see where the claim is, what comes next, and by which day. "
             "Both are printed on the receipt.",
    "claim_no": "Claim number", "code": "Code", "claim_hint": "for example NX2026-0000-017", "code_hint": "8 letters or digits",
    "look_up": "Look up", "again": "Look up another claim",
    "wrong_title": "Nothing found", "wrong": "The claim number or the code is wrong. Please compare them with the receipt; "
                                             "if it still fails, ask your unit's union.",
    "missing": "Please fill in the claim number and the code.",
    "too_many_title": "Too many look-ups", "too_many": "Please try again in {seconds} seconds.",
    "now": "Now", "next": "Next", "by_when": "By", "counted": "How it was counted", "walk": "The way of the claim",
    "promise": "Payment",
    "report": "Report", "report_said": "Reported on {on}; the last day was {due}.",
    "report_late": "The report came late and its reason is on file; a claim is never refused for that alone.",
    "report_kept": "In time.", "reached": "{on}", "here": "now", "to_come": "to come",
    "no_day": "This step has no deadline.",
    "paused": "The clock is paused: from the day after {since} the office waits for papers, and these days do not count. "
              "It goes on when the papers are in.",
    "late": "Overdue by {days} working days; the office above has been told.",
    "provisional": "This day is provisional: that year's public holidays are not announced yet.",
    "kept": "Done in time.", "missed": "Done after the deadline.",
    "held": "This claim is on hold. You will be told the reason; you may still hand in papers.",
    "round": "This is review number {round} of the claim.",
    "asks": "Papers are wanted from you: please see the list sent to you. The clock goes on when they are in.",
    "promise_paused": "Before the pause: {due}. The day moves on by the days of the pause.",
    "promise_said": "Money in the account by {due} at the latest (credited by the bank).",
    "privacy": "This page shows no name, illness or amount. Please keep the code to yourself.",
    "contact": "Questions? Ask your unit's union or call 12351.",
}
STATES = {
    "reported": ("Reported", "Your report is in; the papers are being checked.", "The union checks whether the papers are complete."),
    "supplementing": ("Papers wanted", "A list of missing papers was sent to you, once and in full.",
                      "The check goes on when your papers arrive."),
    "verified": ("Papers complete", "The papers are complete; the time for payment has begun.",
                 "The amount is computed and the review begins."),
    "in_review": ("Review", "The claim is under review, level by level.", "The next level reviews it, or decides."),
    "with_insurer": ("At the insurer", "The file is with the insurer.", "The insurer decides."),
    "payable": ("Decided", "The decision is made: money is due.", "The payment is made; a letter follows when it has arrived."),
    "refused": ("Decided", "The decision is made: nothing is due. The letter states reason and clause.",
                "You may object, in the way and by the day stated in the letter."),
    "paid": ("Paid", "The money has arrived.", "You may object, in the way and by the day stated in the decision."),
    "closed": ("Closed", "The claim is closed.", "Nothing more to do."),
    "cancelled": ("Withdrawn", "The claim was withdrawn.", "You may report again within the time limit of the plan."),
}
INSURER_NEXT = {"in_review": "The unit's union certifies and forwards the file to the insurer.",
                "payable": "The insurer pays; a letter follows when the money has arrived."}
HOLIDAYS = {"元旦": "New Year", "春节": "the Spring Festival", "清明节": "Tomb-Sweeping Day", "劳动节": "Labour Day",
            "端午节": "the Dragon Boat Festival", "中秋节": "the Mid-Autumn Festival", "国庆节": "National Day",
            "国庆节、中秋节": "National Day and the Mid-Autumn Festival"}
