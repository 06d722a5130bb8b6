"""One catalog of everything that can go wrong: code, plain sentence, what happens to the sale.

The window, ``counter``, the command line and the server all take their sentence
from here; ``docs/errors.md`` is this table in prose. A sentence says what is true
and what to do, blames nobody and fits on the message strip (90 characters) once
its fields are filled.
"""

from pos_loyalty.domain.error_carried import CARRIED
from pos_loyalty.domain.error_change import CHANGES
from pos_loyalty.domain.error_code import Code
from pos_loyalty.domain.error_entry import NO_SALE, NOT_SAVED, SAFE, UNTOUCHED, Entry, Fact
from pos_loyalty.domain.error_program import PROGRAMS
from pos_loyalty.domain.error_reward import REWARDS

__all__ = ["CATALOG", "Code", "Entry", "Fact"]

_NOT_SAVED, _UNTOUCHED, _SAFE, _NO_SALE = NOT_SAVED, UNTOUCHED, SAFE, NO_SALE
_OTHER_SHEETS = CARRIED | CHANGES | REWARDS | PROGRAMS

CATALOG: dict[Code, Entry] = {
    Code.SCAN_PRODUCT: Entry(
        "That is a product, not a member card.", _UNTOUCHED, "Scan the member's card."
    ),
    Code.SCAN_UNREADABLE: Entry(
        "Nothing readable. Hold the card flat and scan again.", _UNTOUCHED, "Scan again, or find."
    ),
    Code.CARD_NOT_OURS: Entry(
        "This card is not one of ours. Ask for another card or the phone number.",
        _UNTOUCHED,
        "Find the member by phone or name, or enroll a new member.",
    ),
    Code.CARD_CHECK: Entry(
        "This card does not pass the check. Do not give points on it.",
        _UNTOUCHED,
        "Scan once more; if it stays, find the member by phone and replace the card.",
    ),
    Code.CARD_VERSION: Entry(
        "This card is newer than this till. Find the member by phone, and update the till.",
        _UNTOUCHED,
        "Find the member by phone; the owner updates the till.",
    ),
    Code.CARD_FOREIGN: Entry(
        "This card belongs to another program.", _UNTOUCHED, "Ask for the shop's own card."
    ),
    Code.CARD_NEW: Entry(
        "New card for this till. Counted; it waits for the server.",
        "The sale counts and its points wait for the server.",
        "Nothing: the server decides at the next contact.",
    ),
    Code.CARD_BLANK: Entry(
        "New card, nobody uses it yet. Start collecting?", _UNTOUCHED, "Enroll the member with it."
    ),
    Code.CARD_BLOCKED: Entry(
        "This account is paused. A manager can look at it.", _UNTOUCHED, "Call a manager."
    ),
    Code.CARD_REPLACED: Entry(
        "This card was replaced. Ask for the new card.", _UNTOUCHED, "Scan the member's new card."
    ),
    Code.CARD_USED: Entry(
        "This card already has a member. Scan a new card.",
        _NOT_SAVED,
        "Take a card from the stack.",
    ),
    Code.NUMBER_CHECK: Entry(
        "This card number has a wrong digit. Type the 12 digits again.",
        _UNTOUCHED,
        "Compare with the number printed on the card.",
    ),
    Code.NUMBER_UNKNOWN: Entry(
        "No card has this number. Scan the card, or find the member by phone.",
        _UNTOUCHED,
        "Scan the card itself, or find the member.",
    ),
    Code.NUMBER_EARNS_ONLY: Entry(
        "A typed number collects points. To use points, scan the card.",
        _NOT_SAVED,
        "Scan the card, or take the reward off.",
    ),
    Code.MEMBER_UNKNOWN: Entry(
        "No such member on this till. Scan the card, or find by phone.",
        _NOT_SAVED,
        "Scan the card, or find the member by phone or name.",
    ),
    Code.PHONE_KNOWN: Entry(
        "This phone already has a card. Use that member?",
        _NOT_SAVED,
        "Use the member who is shown, or say that it is a different person.",
    ),
    Code.PHONE_SHAPE: Entry(
        "This is not a whole phone number. Example: {example}.",
        _NOT_SAVED,
        "Type the number again, or go on without it.",
    ),
    Code.NAME_LONG: Entry(
        "This name is longer than {limit} characters. Shorten it.", _NOT_SAVED, "Shorten the name."
    ),
    Code.AMOUNT_ZERO: Entry(
        "The amount is 0. Type the sale amount.", _NOT_SAVED, "Type the amount of the sale."
    ),
    Code.AMOUNT_NEGATIVE: Entry(
        "An amount is above 0. To take a sale back, use Undo.",
        _NOT_SAVED,
        "Type it again, or undo.",
    ),
    Code.AMOUNT_LONG: Entry(
        "This amount is too large. The limit is {limit}.", _NOT_SAVED, "Type the amount again."
    ),
    Code.AMOUNT_SHAPE: Entry(
        "This is not an amount. Example: {example}.", _NOT_SAVED, "Type digits, like 12.50."
    ),
    Code.REWARD_UNKNOWN: Entry(
        "This reward is not in the program now.", _NOT_SAVED, "Choose one of the rewards shown."
    ),
    Code.REWARD_PART: Entry(
        "Points for this reward go in steps of {step_points}, up to {limit_points}.",
        _NOT_SAVED,
        "Choose a number of points within the limit.",
    ),
    Code.REWARD_TWICE: Entry(
        "This reward is already on this sale.", _NOT_SAVED, "Take it off, or complete the sale."
    ),
    Code.REWARD_NO_MEMBER: Entry(
        "Rewards need a member. Scan the card first.", _NOT_SAVED, "Scan the card."
    ),
    Code.REWARD_TOO_LARGE: Entry(
        "The rewards are worth more than this sale. Take one off.", _NOT_SAVED, "Take a reward off."
    ),
    Code.POINTS_SHORT: Entry(
        "{short_points} points short for {reward}.",
        _NOT_SAVED,
        "Complete the sale without the reward.",
    ),
    Code.RIGHTS_SHORT: Entry(
        "{spendable_points} of {balance_points} points are safe to use here now."
        " {reward} needs {cost_points}.",
        _NOT_SAVED,
        "Complete the sale without the reward, or try again when the line is back.",
    ),
    Code.RIGHTS_ENDED: Entry(
        "No contact with the server for {days} days: points wait until the line is back.",
        _NOT_SAVED,
        "Complete the sale without the reward, and connect the till: at the first contact its"
        " points can be used again.",
    ),
    Code.SALE_UNKNOWN: Entry(
        "This till has no such sale.", _NO_SALE, "Look in Last sales, or on the other till."
    ),
    Code.SALE_DIFFERENT: Entry(
        "This sale id was already used for another sale. Start a new sale.",
        "The earlier sale is saved and stays as it is.",
        "Start a new sale.",
    ),
    Code.SALE_ID: Entry(
        "A sale id is 32 hexadecimal characters.", _NOT_SAVED, "Leave the id out, or correct it."
    ),
    Code.UNDO_LATE: Entry(
        "This sale is older than 5 minutes. Choose it in Last sales, then Goods back.",
        "The sale stays saved.",
        "In the menu: Last sales, the sale, Goods back. Enter takes back what is left.",
    ),
    Code.UNDO_EARLIER_STREAM: Entry(
        "This till has joined its server again since this sale. The owner can cancel it.",
        "The sale stays saved.",
        "Call the owner.",
    ),
    Code.UNDO_NOTHING: Entry("There is no sale to undo.", _NO_SALE, "Nothing to do."),
    Code.DISK_FULL: Entry(
        "This sale is NOT saved: the disk is full. Write it down and call {owner}.",
        "NOT saved.",
        "Write the sale down; the owner frees space on this PC.",
    ),
    Code.DISK_READ_ONLY: Entry(
        "This sale is NOT saved: the disk cannot be written. Write it down and call {owner}.",
        "NOT saved.",
        "Write the sale down; the owner checks the folder's rights.",
    ),
    Code.DISK_TROUBLE: Entry(
        "This sale is NOT saved: the disk has trouble. Write it down and call {owner}.",
        "NOT saved, unless Last sales shows it after the next start.",
        "Write the sale down; the owner checks the disk and restores the newest backup.",
    ),
    Code.DATA_BUSY: Entry(
        "Another program holds the till's data. Nothing saved. Wait a moment and try again.",
        "NOT saved.",
        "Close backup or antivirus tools that read the data folder, then press Enter again.",
    ),
    Code.DATA_NEWER: Entry(
        "The till's data is from a newer version. Update this program; the data is untouched.",
        _NO_SALE,
        "Install the newer version.",
    ),
    Code.DATA_DAMAGED: Entry(
        "The till's data is damaged. Nothing was changed. Restore the newest backup.",
        _NO_SALE,
        "Run `./pos restore` with the newest backup and the recovery code.",
    ),
    Code.DATA_GONE: Entry(
        "The till's data was moved or deleted while open. NOT saved. Write it down, call {owner}.",
        "NOT saved.",
        "Put the folder back or restore the newest backup, then start the till again.",
    ),
    Code.DATA_ALTERED: Entry(
        "The journal was altered at event {seq}. Stop and call {owner}.",
        _NO_SALE,
        "Keep the folder as it is and restore the newest backup elsewhere.",
    ),
    Code.TILL_OPEN: Entry(
        "This till is already open. Use it there, or close it and say this again.",
        _NO_SALE,
        "Use the open window. A command that needs the till for itself: close the window first.",
    ),
    Code.FOLDER_EMPTY: Entry(
        "There is no till in {folder}.",
        _NO_SALE,
        "Check the folder's name: `--data` names the folder that the till was opened with.",
    ),
    Code.FOLDER_SHAPE: Entry(
        "{folder} is not a folder.", _NO_SALE, "Name the till's folder, or a new one."
    ),
    Code.RECOVERY_ABSENT: Entry(
        "No backup was ever made of the till in {folder}, so no code brings its key back.",
        _NO_SALE,
        "Look for the key where the till was used: another PC, or another account of this one.",
    ),
    Code.SHOP_NAME: Entry(
        "A shop needs a name of at least one character.", _NO_SALE, "Give a name to `--shop`."
    ),
    Code.SHOP_NAMED: Entry(
        "This till has joined {merchant}, whose server names the shop.",
        _NO_SALE,
        "Leave `--shop` out.",
    ),
    Code.KEY_LOST: Entry(
        "The key of the till's data is missing on this PC. Restore with the recovery code.",
        _NO_SALE,
        "Run `./pos restore --data FOLDER --code CODE`: unsent sales are kept.",
    ),
    Code.PROGRAM_FAULT: Entry(
        "The program met a fault of its own. Nothing was saved. Start it again, call {owner}.",
        "NOT saved, unless Last sales shows it.",
        "Send the log file to support.",
    ),
    Code.NETWORK_DOWN: Entry(
        "No network on this PC. Sales are saved here and send by themselves.",
        _SAFE,
        "Check the cable or the wireless connection.",
    ),
    Code.SERVER_SILENT: Entry(
        "Our server does not answer. Sales are saved here and send by themselves.",
        _SAFE,
        "Nothing; the till asks again by itself.",
    ),
    Code.SERVER_TROUBLE: Entry(
        "Our server has trouble. Sales are saved here and send by themselves.",
        _SAFE,
        "Nothing; the till asks again by itself.",
    ),
    Code.SERVER_NOT_OURS: Entry(
        "Something else answers instead of our server, perhaps a Wi-Fi login page.",
        _SAFE,
        "Open a browser and finish the network's login.",
    ),
    Code.SERVER_OTHER_MERCHANT: Entry(
        "This server belongs to another merchant. Nothing was sent to it.",
        _SAFE,
        "The owner checks the server's address.",
    ),
    Code.SERVER_CERTIFICATE: Entry(
        "The server's certificate does not fit. Check this PC's clock and the address.",
        _SAFE,
        "Set the clock; if it stays, the owner checks the server's certificate.",
    ),
    Code.SERVER_BUSY: Entry(
        "Our server is busy. The till tries again by itself.", _SAFE, "Nothing."
    ),
    Code.SERVER_FULL: Entry(
        "Our server cannot write to its disk. Tills keep everything and send later.",
        _SAFE,
        "The owner frees space on the server.",
    ),
    Code.NOT_JOINED: Entry(
        "This till works alone; it has joined no server.", _SAFE, "Join with a code of the owner."
    ),
    Code.SERVER_ADDRESS: Entry(
        "The server's address begins with http:// or https://, like https://192.168.1.20:8443.",
        _NO_SALE,
        "Type the address that the server printed when it started.",
    ),
    Code.SERVER_PLAIN: Entry(
        "Not joined. Plain http is for your own network only. {host} needs https.",
        _NO_SALE,
        "Give the server a certificate (docs/server.md) and say `https://`.",
    ),
    Code.JOIN_HOST: Entry(
        "Not joined. No PC is called {host}.",
        _NO_SALE,
        "Check the name and this PC's network, or use the server's number, like 192.168.1.20.",
    ),
    Code.JOIN_SILENT: Entry(
        "Not joined. No answer at {address}. Is the server running?",
        _NO_SALE,
        "Start it with `--listen 0.0.0.0:PORT`; with a certificate its address is `https://`.",
    ),
    Code.JOIN_TLS: Entry(
        "Not joined. {address} does not speak https. Has the server a certificate?",
        _NO_SALE,
        "For a server without a certificate in your own network say `http://`.",
    ),
    Code.JOIN_CODE: Entry(
        "This code does not fit, is used or too old. Ask the owner for a new code.",
        _NO_SALE,
        "Make a new code: `./pos server till-code`.",
    ),
    Code.JOIN_DONE: Entry("This till has already joined {merchant}.", _NO_SALE, "Nothing to do."),
    Code.JOIN_CURRENCY: Entry(
        "This till counts in {till_currency}, the server in {server_currency}.",
        _NO_SALE,
        "Start a new data folder for this till, or ask the owner.",
    ),
    Code.TILL_UNKNOWN: Entry(
        "The server does not know this till. Sales are saved here. Join again with a new code.",
        _SAFE,
        "A new code: `./pos server till-code`, with `--packet` for a till that is never online.",
    ),
    Code.TILL_REVOKED: Entry(
        "The owner has switched this till off. Call {owner}.", _SAFE, "Call the owner."
    ),
    Code.SIGNATURE: Entry(
        "The message's signature does not fit this till.", _SAFE, "Join again with a new code."
    ),
    Code.UPDATE_NEEDED: Entry(
        "This till's program is too old for the server. Sales go on; update soon.",
        _SAFE,
        "The owner updates the till.",
    ),
    Code.BODY_LARGE: Entry(
        "The message is larger than {limit_bytes} bytes.", _SAFE, "The till sends smaller parts."
    ),
    Code.BODY_SHAPE: Entry(
        "The message is not readable: {detail}.", _SAFE, "The till sends it again."
    ),
    Code.CLOCK_OFF: Entry(
        "This PC's clock is {minutes} minutes off. Set it so points get the right day.",
        "Sales are saved and counted.",
        "Set the clock in the system's settings.",
    ),
    Code.CAMERA_ABSENT: Entry(
        "No camera found. Scan with the hand scanner, or find by phone.", _UNTOUCHED, "Plug it in."
    ),
    Code.CAMERA_LOST: Entry(
        "The camera is gone or busy. Scan with the hand scanner, or find by phone.",
        _UNTOUCHED,
        "Plug it in again, or close the program that uses it.",
    ),
    Code.CAMERA_BLACK: Entry(
        "The camera sees only black. Take off its cover.", _UNTOUCHED, "Open the lens cover."
    ),
    Code.READER_LIMITED: Entry(
        "One of two card readers is missing here; worn cards may need a second try.",
        _UNTOUCHED,
        "The owner installs the library that `./pos doctor` names.",
    ),
    Code.COMMAND_SHAPE: Entry(
        "This line is not a JSON object.", _NOT_SAVED, "Send one JSON object a line."
    ),
    Code.COMMAND_UNKNOWN: Entry(
        "There is no command {command}.", _NOT_SAVED, "See `./pos counter --help`."
    ),
    Code.COMMAND_FIELD: Entry(
        "The field {field} is missing or has the wrong kind.", _NOT_SAVED, "Correct the field."
    ),
    Code.COMMAND_CARD: Entry(
        "This card has a member: send its id as member.",
        _NOT_SAVED,
        "`scan` answers with the member and its id.",
    ),
    Code.OPTION_SHAPE: Entry(
        "{option} is written like {example}.", _NO_SALE, "Write it like the example."
    ),
    Code.FILE_ABSENT: Entry("There is no file {file}.", _NO_SALE, "Check the name."),
    Code.FILE_EXISTS: Entry("{file} exists already.", _NO_SALE, "Choose another name."),
    Code.FILE_FOLDER: Entry("{file} is a folder, not a file.", _NO_SALE, "Name a file in it."),
    Code.BACKUP_EXISTS: Entry(
        "{file} is a backup already. Say --replace to write over it.",
        _NO_SALE,
        "Choose another name, with the date for example, or say `--replace`.",
    ),
    Code.FILE_SHAPE: Entry("{file} is not a file of the right kind.", _NO_SALE, "Check the file."),
    Code.FILE_WRITE: Entry("{file} cannot be written.", _NO_SALE, "Check the folder's rights."),
    Code.BACKUP_DAMAGED: Entry(
        "This backup is damaged. Nothing was changed. Use the one before it.",
        _NO_SALE,
        "Try an older backup.",
    ),
    Code.RECOVERY_CODE: Entry(
        "This recovery code does not fit this backup. Nothing was changed.",
        _NO_SALE,
        "Compare with the printed sheet; every group has 4 characters.",
    ),
    Code.RESTORE_TARGET: Entry(
        "The folder {folder} already holds a till. Restore into an empty folder.",
        _NO_SALE,
        "Name an empty folder.",
    ),
    Code.PRINT_UNREADABLE: Entry(
        "Code {position} on the sheet cannot be read. Do not print this file.",
        _NO_SALE,
        "Choose another design, or a larger code.",
    ),
    Code.BATCH_SIZE: Entry(
        "A batch has 1 to {limit} cards.", _NO_SALE, "Choose a number in that range."
    ),
    Code.BATCH_DAMAGED: Entry(
        "This batch file is damaged or belongs to another till.", _NO_SALE, "Issue a new batch."
    ),
    Code.BATCH_PRINTED: Entry(
        "These cards were already printed. Say --again to print them marked as a reprint.",
        _NO_SALE,
        "Use the printed cards, or reprint marked.",
    ),
    Code.PROGRAM_RULES: Entry(
        "The program is not usable at {path}: {detail}.", _NO_SALE, "Correct the program."
    ),
    Code.DATABASE_UNREACHABLE: Entry(
        "The server's database does not answer at the address given.",
        _SAFE,
        "Check that the database runs and that the address is right.",
    ),
    Code.SERVER_RUNNING: Entry(
        "A server already runs on this database. Use it, or stop it first.",
        _SAFE,
        "Stop the other server, or give several servers one PostgreSQL database.",
    ),
    Code.ADDRESS_TAKEN: Entry(
        "The server cannot listen on {address}; another program may use it.",
        _NO_SALE,
        "Choose another port, or stop the other program.",
    ),
    Code.MERCHANT_EXISTS: Entry(
        "This database already belongs to {merchant}.", _NO_SALE, "Use it, or name another one."
    ),
    Code.MOVE_REFUSED: Entry(
        "The new database did not take table {table} as it is. Nothing was moved.",
        _NO_SALE,
        "Start the server on the old database again, and ask for help with this code.",
    ),
    Code.ITEM_ABSENT: Entry(
        "The owner's list has no item {item}.",
        _NO_SALE,
        "Copy the item from the list: `server inbox`, or Menu, Owner's list.",
    ),
    Code.ITEM_CHOICE: Entry(
        "{choice} cannot be chosen here. There is: {choices}.",
        _NO_SALE,
        "Take one of the choices that the item names.",
    ),
    Code.MEMBER_ABSENT: Entry(
        "These books have no member {member}.",
        _NO_SALE,
        "Give the member's phone number, or the id of 32 letters and digits from `server inbox`.",
    ),
    Code.MEMBER_SEVERAL: Entry(
        "Several members have this phone number: {members}. Nothing was changed.",
        _NO_SALE,
        "Look at `./pos server inbox --open`, or give the id of one instead of the number.",
    ),
    Code.MERGE_IMPOSSIBLE: Entry(
        "These two accounts cannot be joined or parted: {reason}.",
        _NO_SALE,
        "Look both up with their ids first.",
    ),
    Code.TILL_ABSENT: Entry(
        "No single till is called {till}. There are: {known}.",
        _NO_SALE,
        "Name it as in the list of `server tills`: shop/name, or its id.",
    ),
    Code.TILL_IN_USE: Entry(
        "{till} is in use: it may be selling at this moment. Nothing was freed.",
        _NO_SALE,
        "Only if it will not come back, declare it lost first.",
    ),
    Code.ROSTER_WAITS: Entry(
        "{count} tills have not reported yet: {tills}. Nothing is granted until they have.",
        _NO_SALE,
        "Connect these tills, or declare lost the ones that will not come back.",
    ),
    Code.MERCHANT_ABSENT: Entry(
        "This database has no merchant yet. Run `server init` first.",
        _NO_SALE,
        "Run `./pos server init`.",
    ),
    Code.CURRENCY_UNKNOWN: Entry(
        "{currency} is not a currency of ISO 4217.", _NO_SALE, "Use a code like EUR."
    ),
} | _OTHER_SHEETS
