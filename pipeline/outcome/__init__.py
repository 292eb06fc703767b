"""What came of the call in money: amounts, days and the promise to pay."""
