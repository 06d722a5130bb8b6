@echo off
rem The one entry on Windows: pos run, pos test, pos check, pos WORD ... (see the file "pos").
rem Untested on a real Windows so far.
setlocal
set "ROOT=%~dp0"
for %%P in ("py -3.13" "py -3.12" "py -3.11" "py -3.14" "python") do (
    %%~P -c "import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))" >nul 2>nul
    if not errorlevel 1 (
        %%~P "%ROOT%tools\bootstrap.py" %*
        exit /b
    )
)
echo pos: please install Python 3.11 to 3.14 (for example: winget install Python.Python.3.13) 1>&2
exit /b 4
