"""Manufacturing quality with denominators: which lots, and which supplier from when on, have more claims than chance.

Pure, and without any library, so that the MANUFACTURING_QUALITY agent and `quality analyze` judge by the same code:

- `lags`: how late vehicles are sold and claims reported, corrected for what is not reported yet;
- `exposure`: what a lot's claims would be if it were like the others of its component at equal months in service;
- `verdicts`: Laney's u' chart, exact tails, false discovery control; `steps`: a supplier's change of level;
- `analysis`: all of it, in rounds, since the lots that stand out do not belong into what is usual;
- `outlook`: claims of the next quarter; `eight_d`: the corrective action with its evidence.
"""
