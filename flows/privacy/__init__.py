"""What keeps people's data where it belongs.

``sealed``     switches off everything that would leave the machine, before it loads
``unmasking``  tells the access log that people are going to be shown
``redacting``  copies of calls without personal data, in text and in sound
"""
