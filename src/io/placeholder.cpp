namespace tallfit::io {}
