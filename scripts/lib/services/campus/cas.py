"""A CAS server with one person, for tests: cas.py PORT FOLDER. It is django-cas-server as it is."""

import sys
from pathlib import Path

import django
from django.conf import settings

port, folder = sys.argv[1], Path(sys.argv[2])
settings.configure(
    SECRET_KEY=(folder / "secret").read_text(),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "cas.db"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "cas_server",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.locale.LocaleMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    STATIC_URL="/static/",
    CAS_AUTH_CLASS="cas_server.auth.TestAuthUser",
    CAS_TEST_USER="wang",
    CAS_TEST_PASSWORD="correct horse",
    CAS_TEST_ATTRIBUTES={
        "name": "王芳",
        "student_number": "20260002",
        "groups": ["activists", "cs-2"],
    },
    CAS_NEW_VERSION_HTML_WARNING=False,
    CAS_NEW_VERSION_EMAIL_WARNING=False,
)
django.setup()

from cas_server.models import ReplaceAttributName, ServicePattern  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from waitress import serve  # noqa: E402

urlpatterns = [path("cas/", include("cas_server.urls", namespace="cas_server"))]

call_command("migrate", verbosity=0, interactive=False)
# Servers of tests are on this machine, at ports of their own.
pattern, new = ServicePattern.objects.get_or_create(
    name="tests", defaults={"pattern": r"^http://(127\.0\.0\.1|localhost):\d+/", "pos": 1}
)
if new:
    ReplaceAttributName.objects.create(name="*", service_pattern=pattern)
serve(get_wsgi_application(), host="127.0.0.1", port=int(port), threads=4)
